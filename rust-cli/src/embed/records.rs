//! The records of an output: written from a text and its vector, and recognised again. `docs/encodings/vector-file.md` has the bytes.
//!
//! Every record ends with a CRC-32C, so that a damaged one is told from one of something else.

use std::sync::Arc;

use chrysalis_crypto::hex;
use chrysalis_embedding::{Embedding, Form, Space};
use sha2::{Digest as _, Sha256};

use crate::embed::args::Format;
use crate::embed::input::Item;
use crate::printable::harmless_json;

/// The first bytes of a binary output.
pub(crate) const MAGIC: &[u8; 4] = b"CEF1";
/// What stands before the space in a binary output: magic, form, length of the space.
pub(crate) const HEADER_START: usize = MAGIC.len() + 1 + 2;
/// Bytes of a checksum.
pub(crate) const CHECK: usize = 4;
/// Bytes of the digest of a text.
const DIGEST: usize = 32;

/// How the records of one output are written.
#[derive(Debug)]
pub(crate) struct Records {
    format: Format,
    form: Form,
    provider: String,
    model: String,
    /// Known from the beginning, from the first answer, or from the file.
    space: Option<Known>,
}

/// What is known of the space.
#[derive(Clone, Debug)]
struct Known {
    /// 64 hexadecimal digits.
    id: String,
    /// Not where only JSON lines told the id.
    space: Option<Arc<Space>>,
}

/// What becomes of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Made<'a> {
    Vector(&'a Embedding),
    /// The code of the error.
    Failed(&'static str),
}

impl Records {
    pub(crate) fn new(
        format: Format,
        form: Form,
        provider: &str,
        model: &str,
        space: Option<Arc<Space>>,
    ) -> Self {
        let space = space.map(Known::new);
        Self { format, form, provider: provider.to_owned(), model: model.to_owned(), space }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// The id of the space, once it is known.
    pub(crate) fn space_id(&self) -> Option<&str> {
        self.space.as_ref().map(|known| known.id.as_str())
    }

    /// Components of a vector, once they are known.
    pub(crate) fn dimensions(&self) -> Option<usize> {
        self.space.as_ref()?.space.as_ref().map(|space| space.dimensions())
    }

    /// Takes the id that the first line of an output names, if it names one and none is known.
    pub(crate) fn learn_id(&mut self, line: &[u8]) {
        #[derive(serde::Deserialize)]
        struct Named {
            space: String,
        }
        if self.space.is_none()
            && let Ok(Named { space }) = serde_json::from_slice(line)
            && space.len() == 64
            && space.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
        {
            self.space = Some(Known { id: space, space: None });
        }
    }

    /// Takes a space that an answer or a file names; whether it is the one that is known.
    pub(crate) fn learn(&mut self, space: &Arc<Space>) -> bool {
        let new = Known::new(Arc::clone(space));
        if self.space.as_ref().is_some_and(|known| known.id != new.id) {
            return false;
        }
        self.space = Some(new);
        true
    }

    /// Whether a space is one of this provider and model.
    pub(crate) fn is_of_model(&self, space: &Space) -> bool {
        space.fields().provider == self.provider && space.fields().model == self.model
    }

    /// What stands before the first record, once the space is known.
    pub(crate) fn header(&self) -> Vec<u8> {
        match (self.format, self.space.as_ref().and_then(|known| known.space.as_ref())) {
            (Format::Binary, Some(space)) => header(self.form, space),
            _ => Vec::new(),
        }
    }

    /// How the record of a text begins, whatever its vector; none while the space is not known.
    pub(crate) fn beginning(&self, item: &Item) -> Option<Vec<u8>> {
        let id = &self.space.as_ref()?.id;
        if self.format == Format::Binary {
            return Some(item.text.as_ref().map_or(Vec::new(), |text| Sha256::digest(text).to_vec()));
        }
        let form = match self.form {
            Form::Document => "document",
            Form::Query => "query",
        };
        let string = |text: &str| serde_json::Value::from(text).to_string();
        let mut line = format!("{{\"index\":{},\"source\":{}", item.index, string(&item.place.source));
        if let Some(number) = item.place.line {
            line.push_str(&format!(",\"line\":{number}"));
        }
        if let Some(id) = &item.id {
            line.push_str(",\"id\":");
            line.push_str(id);
        }
        line.push_str(&format!(
            ",\"provider\":{},\"model\":{},\"form\":\"{form}\",\"space\":\"{id}\"",
            string(&self.provider),
            string(&self.model)
        ));
        if let Ok(text) = &item.text {
            line.push_str(&format!(",\"text_sha256\":\"{}\"", hex::encode(&Sha256::digest(text))));
        }
        Some(harmless_json(&line).into_owned().into_bytes())
    }

    /// Appends the record of a text. The space must be known, and for the binary format there must be a vector.
    pub(crate) fn write(&self, item: &Item, made: Made<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend(self.beginning(item).expect("the space is learnt before the first record is written"));
        match (self.format, made) {
            (Format::Binary, Made::Vector(vector)) => {
                out.extend(vector.as_slice().iter().flat_map(|number| number.to_le_bytes()));
                let check = self.check(item.index, &out[start..]);
                out.extend(check.to_le_bytes());
                return;
            }
            (Format::Binary, Made::Failed(_)) => unreachable!("refused with the arguments"),
            (Format::JsonLines, Made::Vector(vector)) => {
                out.extend(b",\"vector\":");
                serde_json::to_writer(&mut *out, vector.as_slice()).expect("numbers go into memory");
            }
            (Format::JsonLines, Made::Failed(code)) => out.extend(format!(",\"error\":\"{code}\"").bytes()),
        }
        let check = crc32c::crc32c(&out[start..]);
        out.extend(format!(",\"check\":\"{check:08x}\"}}\n").bytes());
    }

    /// Bytes of a binary record, once the space is known.
    pub(crate) fn record_length(&self) -> Option<usize> {
        self.dimensions().map(|dimensions| DIGEST + 4 * dimensions + CHECK)
    }

    /// Whether a whole record is as it was written.
    pub(crate) fn is_sound(&self, index: u64, record: &[u8]) -> bool {
        match self.format {
            Format::Binary => {
                let Some((body, check)) = record.split_last_chunk::<CHECK>() else { return false };
                self.check(index, body).to_le_bytes() == *check
            }
            Format::JsonLines => is_sound_line(record),
        }
    }

    /// The checksum of a binary record: over the header, the record's number and its bytes, so that a record of another file or
    /// place is none.
    fn check(&self, index: u64, body: &[u8]) -> u32 {
        let check = crc32c::crc32c(&self.header());
        crc32c::crc32c_append(crc32c::crc32c_append(check, &index.to_le_bytes()), body)
    }
}

impl Known {
    fn new(space: Arc<Space>) -> Self {
        Self { id: space.id().to_string(), space: Some(space) }
    }
}

/// The header of a binary output.
fn header(form: Form, space: &Space) -> Vec<u8> {
    let space = space.to_bytes();
    let length = u16::try_from(space.len()).expect("a space has less than 1,000 bytes");
    let mut out = MAGIC.to_vec();
    out.push(match form {
        Form::Document => 0,
        Form::Query => 1,
    });
    out.extend(length.to_le_bytes());
    out.extend(space);
    out.extend(crc32c::crc32c(&out).to_le_bytes());
    out
}

/// A line with its end, as [`Records::write`] gives it.
fn is_sound_line(line: &[u8]) -> bool {
    const TAIL: usize = ",\"check\":\"00000000\"}\n".len();
    let Some(length) = line.len().checked_sub(TAIL) else { return false };
    let (body, tail) = line.split_at(length);
    tail == format!(",\"check\":\"{:08x}\"}}\n", crc32c::crc32c(body)).as_bytes()
}

#[cfg(test)]
mod tests {
    use chrysalis_embedding::Normalisation;

    use super::*;
    use crate::embed::input::Place;

    fn item(index: u64, text: &str) -> Item {
        let place = Place { source: "a\u{202e}\"b.txt".into(), line: Some(3) };
        Item { index, place, id: Some("7".to_owned()), text: Ok(text.to_owned()) }
    }

    fn records(format: Format) -> (Records, Embedding) {
        let space = Arc::new(Space::remote("test", "m", 2, "", Normalisation::AsGiven).unwrap());
        let vector = Embedding::new(Arc::clone(&space), vec![0.25, -1.5e-9]).unwrap();
        (Records::new(format, Form::Query, "test", "m", Some(space)), vector)
    }

    #[test]
    fn a_line_is_json_that_says_where_it_is_from() {
        let (records, vector) = records(Format::JsonLines);
        let mut out = Vec::new();
        records.write(&item(5, "hello"), Made::Vector(&vector), &mut out);
        assert!(out.is_ascii(), "what reorders text is escaped");
        assert!(records.is_sound(5, &out));
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["source"], "a\u{202e}\"b.txt");
        assert_eq!((&value["index"], &value["line"], &value["id"]), (&5.into(), &3.into(), &7.into()));
        assert_eq!((&value["form"], &value["model"]), (&"query".into(), &"m".into()));
        assert_eq!(value["vector"], serde_json::json!([0.25, -1.5e-9]));
        assert_eq!(value["space"].as_str(), records.space_id());
        let expected = hex::encode(&Sha256::digest("hello"));
        assert_eq!(value["text_sha256"].as_str(), Some(expected.as_str()));
        let mut failed = Vec::new();
        records.write(&item(5, "hello"), Made::Failed("embedding/text-too-long"), &mut failed);
        assert!(records.is_sound(5, &failed));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        for format in [Format::JsonLines, Format::Binary] {
            let (records, vector) = records(format);
            let mut out = Vec::new();
            records.write(&item(5, "hello"), Made::Vector(&vector), &mut out);
            assert!(records.is_sound(5, &out));
            for at in 0..out.len() {
                let mut changed = out.clone();
                changed[at] ^= 1;
                assert!(!records.is_sound(5, &changed), "{format:?} {at}");
            }
            for length in 0..out.len() {
                assert!(!records.is_sound(5, &out[..length]));
            }
        }
        let (records, vector) = records(Format::Binary);
        let mut out = Vec::new();
        records.write(&item(5, "hello"), Made::Vector(&vector), &mut out);
        assert_eq!(records.record_length(), Some(out.len()));
        assert!(!records.is_sound(6, &out), "a record is sound at its own place only");
    }

    #[test]
    fn another_space_is_not_learnt() {
        let (mut records, _) = records(Format::JsonLines);
        let other = Arc::new(Space::remote("test", "m", 3, "", Normalisation::AsGiven).unwrap());
        assert!(!records.learn(&other));
        let mut open = Records::new(Format::JsonLines, Form::Query, "test", "m", None);
        for line in ["", "{}", r#"{"space":"abc"}"#, r#"{"space":7}"#] {
            open.learn_id(line.as_bytes());
            assert_eq!(open.space_id(), None);
        }
        open.learn_id(format!(r#"{{"space":"{}"}}"#, "a".repeat(64)).as_bytes());
        assert_eq!(open.space_id(), Some("a".repeat(64).as_str()));
        assert!(!open.learn(&other));
    }
}
