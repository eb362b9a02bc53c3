//! The laws, on this machine and in this build.

use chrysalis_crdt::selftest;
use wasm_bindgen::prelude::*;

use super::values::{self, record, to_js};
use crate::convert;
use crate::error::Result;

/// Runs random histories of every type and checks the laws of merging on the encoded bytes. What breaks a law is
/// reported with its seed, which replays it.
#[wasm_bindgen(js_name = selfTest, unchecked_return_type = "SelfTestReport")]
pub fn self_test(
    #[wasm_bindgen(unchecked_optional_param_type = "{ seed?: number | bigint; histories?: number }")]
    options: JsValue,
) -> Result<JsValue> {
    let seed = convert::option(&options, "seed")?.map_or(Ok(1), |seed| values::count(&seed, "seed"))?;
    let report = selftest::run(seed, convert::number(&options, "histories", 100)?.into());
    let failures = report.failures.into_iter().map(|failure| {
        record([
            ("type", failure.kind.as_str().into()),
            ("law", failure.law.into()),
            ("seed", failure.seed.into()),
        ])
    });
    to_js(&record([
        ("seed", seed.into()),
        ("histories", report.histories.into()),
        ("checks", report.checks.into()),
        ("failures", chrysalis_crdt::Value::array(failures)),
    ]))
}
