//! A text in pieces that an embedder takes whole.

use super::Embedder;
use super::record::MAX_PIECES;
use crate::passage::{self, Format};

/// The text itself where it fits; else its passages, those that are too long cut in two until they fit. Of a text of more than
/// [`MAX_PIECES`] pieces the first are taken.
pub(super) fn split<'a>(text: &'a str, embedder: &dyn Embedder) -> Vec<&'a str> {
    if embedder.fits(text) {
        return vec![text];
    }
    let mut pieces = Vec::new();
    for passage in passage::split(text, Format::PlainText) {
        cut(passage.text, embedder, &mut pieces);
        if pieces.len() >= MAX_PIECES {
            break;
        }
    }
    pieces.truncate(MAX_PIECES);
    if pieces.is_empty() { vec![text] } else { pieces }
}

fn cut<'a>(text: &'a str, embedder: &dyn Embedder, pieces: &mut Vec<&'a str>) {
    let middle = text.floor_char_boundary(text.len() / 2);
    // A single character is taken as it is.
    if embedder.fits(text) || middle == 0 || pieces.len() >= MAX_PIECES {
        pieces.push(text);
        return;
    }
    let place = text[..middle].rfind(char::is_whitespace).filter(|place| *place > 0).unwrap_or(middle);
    let (first, second) = text.split_at(place);
    cut(first.trim_end(), embedder, pieces);
    let second = second.trim_start();
    if !second.is_empty() {
        cut(second, embedder, pieces);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantic::EmbedderError;

    /// Takes texts up to a length.
    struct UpTo(usize);

    impl Embedder for UpTo {
        fn space(&self) -> [u8; 32] {
            [0; 32]
        }

        fn dimensions(&self) -> usize {
            1
        }

        fn fits(&self, text: &str) -> bool {
            text.len() <= self.0
        }

        fn embed(&self, _: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
            unreachable!("nothing is embedded here")
        }

        fn embed_query(&self, _: &str) -> Result<Vec<f32>, EmbedderError> {
            unreachable!("nothing is embedded here")
        }
    }

    #[test]
    fn every_word_is_in_a_piece_that_fits() {
        let text =
            "One sentence stands here. Another one follows it, longer.\n\nAnd a paragraph of its own. "
                .repeat(20);
        for limit in [20, 64, 300, 5000] {
            let pieces = split(&text, &UpTo(limit));
            assert!(pieces.iter().all(|piece| piece.len() <= limit), "{limit}");
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let joined: Vec<_> = pieces.iter().flat_map(|piece| words(piece)).collect();
            assert_eq!(joined, words(&text), "{limit}");
        }
    }

    #[test]
    fn text_without_joints_is_cut_between_characters_and_the_number_is_bounded() {
        let text = "ü".repeat(3000);
        let pieces = split(&text, &UpTo(100));
        assert!(pieces.iter().all(|piece| piece.len() <= 100 && !piece.is_empty()));
        assert_eq!(pieces.concat(), text);
        assert_eq!(split(&text, &UpTo(0)).len(), MAX_PIECES);
        assert_eq!(split("", &UpTo(0)), [""]);
    }
}
