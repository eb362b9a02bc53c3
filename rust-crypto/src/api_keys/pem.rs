//! Private keys in PEM, which have no form that may be shown.

const PEM_BEGIN: &[u8] = b"-----BEGIN ";
const PEM_END: &[u8] = b"-----END ";
const PEM_KEY: &[u8] = b"PRIVATE KEY";
const PEM_DASHES: &[u8] = b"-----";
/// Longest label of a private key, such as `ENCRYPTED PRIVATE KEY` or `PGP PRIVATE KEY BLOCK`.
const PEM_LABEL: usize = 40;

/// How far the end of a private key is looked for, whatever is between: headers, and what logs and sources put before lines.
const PEM_LENGTH: usize = 32 << 10;

/// The end of the private key in PEM that starts at `at`. One without an end goes as far as its characters do.
pub(super) fn private_key_end(bytes: &[u8], at: usize) -> Option<usize> {
    let body = at + pem_line(&bytes[at..], PEM_BEGIN)?;
    if let Some(end) = marked_end(bytes, body) {
        return Some(end);
    }
    let mut end = body;
    while let Some(&byte) = bytes.get(end) {
        if let Some(length) = pem_line(&bytes[end..], PEM_END) {
            return Some(end + length);
        }
        let belongs = byte.is_ascii_alphanumeric()
            || byte.is_ascii_whitespace()
            || matches!(byte, b'+' | b'/' | b'=' | b'-' | b':' | b',' | b'\\');
        if !belongs {
            break;
        }
        end += 1;
    }
    Some(end)
}

/// The end of the line that ends the private key whose body starts at `body`, if no other PEM starts before.
fn marked_end(bytes: &[u8], body: usize) -> Option<usize> {
    for at in body..bytes.len().min(body + PEM_LENGTH) {
        let rest = &bytes[at..];
        if rest.starts_with(PEM_BEGIN) {
            return None;
        }
        if let Some(length) = pem_line(rest, PEM_END) {
            return Some(at + length);
        }
    }
    None
}

/// The length of a PEM line of a private key that starts with `marker`.
fn pem_line(bytes: &[u8], marker: &[u8]) -> Option<usize> {
    let rest = bytes.strip_prefix(marker)?;
    let is_label = |byte: &&u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b' ';
    let length = rest.iter().take(PEM_LABEL).take_while(is_label).count();
    let (label, rest) = rest.split_at(length);
    let is_key = label.windows(PEM_KEY.len()).any(|part| part == PEM_KEY);
    (is_key && rest.starts_with(PEM_DASHES)).then_some(marker.len() + length + PEM_DASHES.len())
}
