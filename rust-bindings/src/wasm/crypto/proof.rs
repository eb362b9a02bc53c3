//! Offline proofs of records.

use chrysalis_crypto as crypto;
use js_sys::{Object, Uint8Array};
use wasm_bindgen::prelude::*;

use super::object;
use crate::convert;
use crate::error::Result;

/// Checks an exported record proof: who wrote which record, and where in its journal.
///
/// A proof shows that the holder of the author's key committed to this record; it does not show that what the record
/// says is true. Throws `MALFORMED` for bytes that are not a proof and `INVALID_PROOF` for one that does not hold.
#[wasm_bindgen(unchecked_return_type = "VerifiedRecord")]
pub fn verify_record_proof(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] proof: JsValue,
) -> Result<Object> {
    let verified = crypto::proof::verify(&convert::bytes(&proof, "proof")?)?;
    let (writer, record) = (verified.proof.commit.writer, &verified.proof.record);
    let fields: [(&str, JsValue); 11] = [
        ("author", crypto::hex::encode(&writer.key).into()),
        ("incarnation", writer.incarnation.into()),
        ("sequence", verified.sequence.into()),
        ("leaf", crypto::hex::encode(&verified.leaf).into()),
        ("commitHash", crypto::hex::encode(&verified.commit_hash).into()),
        ("kind", record.kind.into()),
        ("namespace", crypto::hex::encode(&record.namespace).into()),
        ("keyEpoch", record.key_epoch.into()),
        // 48 bits of milliseconds are exact in a JavaScript number.
        ("timeMs", JsValue::from_f64((record.time >> 16) as f64)),
        ("timeLogical", JsValue::from_f64((record.time & 0xffff) as f64)),
        ("content", Uint8Array::from(verified.proof.content.as_slice()).into()),
    ];
    Ok(object(&fields))
}
