//! The entry `rust-crypto/pkg/tls`: certificate chains, apart from the rest because they weigh as much.

use chrysalis_crypto::tls::{Certificate, Options, SignatureAlgorithm, Usage, validate_cert_chain_with};
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::convert;
use crate::error::{Result, Thrown};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../../typescript/tls/types.d.ts");

/// Whether a chain of certificates in DER, the leaf first, leads to a trust anchor: by default Mozilla's, at the present
/// time, for a server. The order of the others does not matter, and extra ones are ignored.
///
/// Without `serverName` nothing says whom the chain belongs to; the result then has `nameUnchecked: true`. Throws
/// `CertError`.
#[wasm_bindgen(js_name = validateCertChain, unchecked_return_type = "ChainReport")]
pub fn validate_cert_chain(
    #[wasm_bindgen(unchecked_param_type = "readonly Uint8Array[]")] chain: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "ChainOptions")] options: JsValue,
) -> Result<Object> {
    let chain = convert::byte_strings(&chain, "chain")?;
    let server_name = convert::option(&options, "serverName")?
        .map(|name| convert::text(&name, "serverName"))
        .transpose()?;
    let roots = convert::option(&options, "roots")?
        .map(|roots| convert::byte_strings(&roots, "roots"))
        .transpose()?;
    let crls =
        convert::option(&options, "crls")?.map(|crls| convert::byte_strings(&crls, "crls")).transpose()?;
    let allowed =
        convert::option(&options, "allowedSignatures")?.map(|names| to_algorithms(&names)).transpose()?;

    let chain: Vec<Certificate<'_>> = chain.iter().map(|der| Certificate::from_der(der)).collect();
    let roots: Option<Vec<Certificate<'_>>> =
        roots.as_ref().map(|roots| roots.iter().map(|der| Certificate::from_der(der)).collect());
    let crls: Vec<&[u8]> = crls.iter().flatten().map(Vec::as_slice).collect();
    let defaults = Options::at(to_time_ms(&options)?);
    let number = |name: &str, default: usize| {
        let default = u32::try_from(default).unwrap_or(u32::MAX);
        convert::number(&options, name, default).map(|number| number as usize)
    };
    let report = validate_cert_chain_with(
        &chain,
        &Options {
            usage: to_usage(&options)?,
            server_name: server_name.as_deref(),
            roots: roots.as_deref(),
            crls: &crls,
            require_revocation: convert::flag(&options, "requireRevocation", false)?,
            max_depth: number("maxDepth", defaults.max_depth)?,
            min_rsa_bits: number("minRsaBits", defaults.min_rsa_bits)?,
            allowed_signatures: allowed.as_deref(),
            ..defaults
        },
    )?;
    let path: Array =
        report.path.iter().map(|place| JsValue::from(u32::try_from(*place).unwrap_or(u32::MAX))).collect();
    let object = Object::new();
    let mut fields: Vec<(&str, JsValue)> = vec![
        ("serverNameChecked", report.server_name_checked.into()),
        ("revocationChecked", report.revocation_checked.into()),
        ("path", path.into()),
    ];
    if !report.server_name_checked {
        fields.push(("nameUnchecked", true.into()));
    }
    for (name, value) in fields {
        Reflect::set(&object, &name.into(), &value)
            .expect("a plain object that was just made accepts any property");
    }
    Ok(object)
}

fn to_time_ms(options: &JsValue) -> Result<u64> {
    let time = match convert::option(options, "time")? {
        None => js_sys::Date::now(),
        Some(time) => {
            let number =
                time.dyn_ref::<js_sys::Date>().map_or_else(|| time.as_f64(), |date| Some(date.get_time()));
            let in_range = |time: &f64| (0.0..=9_007_199_254_740_991.0).contains(time);
            number
                .filter(in_range)
                .ok_or_else(|| Thrown::argument("time", "must be a time in milliseconds"))?
        }
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked")]
    let time = time as u64;
    Ok(time)
}

fn to_usage(options: &JsValue) -> Result<Usage> {
    match convert::option(options, "usage")?
        .map(|usage| convert::text(&usage, "usage"))
        .transpose()?
        .as_deref()
    {
        None | Some("server") => Ok(Usage::Server),
        Some("client") => Ok(Usage::Client),
        Some(_) => Err(Thrown::argument("usage", "must be 'server' or 'client'")),
    }
}

fn to_algorithms(names: &JsValue) -> Result<Vec<SignatureAlgorithm>> {
    convert::list(names, "allowedSignatures")?
        .iter()
        .map(|name| {
            let name = convert::text(&name, "allowedSignatures")?;
            SignatureAlgorithm::from_name(&name)
                .ok_or_else(|| Thrown::argument("allowedSignatures", "must name signature algorithms"))
        })
        .collect()
}
