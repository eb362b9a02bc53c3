//! Registers that show concurrent writes side by side.

use chrysalis_crdt as crdt;
use crdt::Value;
use crdt::conflict::generic::candidates_of;
use crdt::conflict::resolve;
use wasm_bindgen::prelude::*;

use super::clock::VectorClock;
use super::conflict::{resolution_to_js, to_rule, to_shape};
use super::values::{self, clock_value, list_to_js, record, to_js};
use super::writers::{writer, writer_option};
use super::{object, state};
use crate::error::Result;

/// A value that keeps concurrent writes until one covers them.
#[wasm_bindgen]
pub struct MVRegister(crdt::MvRegister);

state!(MVRegister, crdt::MvRegister);

#[wasm_bindgen]
impl MVRegister {
    /// A register that was never written.
    #[wasm_bindgen(constructor)]
    pub fn new() -> MVRegister {
        Self(crdt::MvRegister::new())
    }

    /// A register that was never written.
    pub fn empty() -> MVRegister {
        Self::new()
    }

    /// The register with a write in place of all values seen here.
    pub fn write(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<MVRegister> {
        let (value, writer) = (values::value(&value, "value")?, writer(&actor)?);
        self.changed(|register| register.write(&writer, value))
    }

    /// The register with one value in place of all that are seen here, those of `set` included.
    pub fn resolve(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<MVRegister> {
        let (value, writer) = (values::value(&value, "value")?, writer(&actor)?);
        self.changed(|register| register.resolve(&writer, value))
    }

    /// The register with a write of a caller who keeps vector clocks of its own.
    pub fn set(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        clock: &VectorClock,
    ) -> Result<MVRegister> {
        let value = values::value(&value, "value")?;
        self.changed(|register| register.set(value, clock.0.clone()))
    }

    /// The values, each once, in the order of their encodings.
    #[wasm_bindgen(unchecked_return_type = "CrdtValue[]")]
    pub fn get(&self) -> Result<JsValue> {
        list_to_js(self.0.get())
    }

    /// The values with the clock or the tag of their write.
    #[wasm_bindgen(
        unchecked_return_type = "{ value: CrdtValue; clock: VectorClockData | null; tag: string | null }[]"
    )]
    pub fn siblings(&self) -> Result<JsValue> {
        to_js(&Value::array(self.0.siblings().map(|sibling| {
            record([
                ("value", sibling.value.clone()),
                ("clock", sibling.clock.map_or(Value::Null, clock_value)),
                ("tag", sibling.dot.map_or(Value::Null, |dot| Value::text(dot.to_string()))),
            ])
        })))
    }

    /// Whether there is more than one sibling.
    #[wasm_bindgen(js_name = hasConflict)]
    pub fn has_conflict(&self) -> bool {
        self.0.has_conflict()
    }

    /// Whether two values have one clock, which a caller must have used twice.
    #[wasm_bindgen(js_name = hasDuplicateClock)]
    pub fn has_duplicate_clock(&self) -> bool {
        self.0.has_duplicate_clock()
    }

    /// Chooses among the siblings by a rule, and writes what was chosen. Without a choice the register is as before.
    #[wasm_bindgen(
        js_name = resolveBy,
        unchecked_return_type = "{ register: MVRegister; resolution: Resolution }"
    )]
    pub fn resolve_by(
        &self,
        #[wasm_bindgen(unchecked_param_type = "ConflictRule")] rule: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "{ shape?: ConflictShape; actor?: string }")]
        options: JsValue,
    ) -> Result<JsValue> {
        let (rule, shape, writer) = (to_rule(&rule)?, to_shape(&options)?, writer_option(&options)?);
        let resolution = resolve::resolve(&candidates_of(&self.0), &shape, &rule)?;
        let mut register = self.0.clone();
        resolution.accept(&mut register, &writer)?;
        let resolution = resolution_to_js(&resolution)?;
        Ok(object(&[("register", Self(register).into()), ("resolution", resolution)]).into())
    }
}
