//! What the fuzz targets check. Plain functions, so that `cargo test` runs them without libFuzzer.

use chrysalis_crdt::json::{Envelope, Import, Json};
use chrysalis_crdt::{
    CausalContext, GCounter, GSet, JsonState, LwwElementSet, LwwMap, LwwNumericRegister, LwwRegister,
    MvRegister, OrSet, PnCounter, State, TwoPhaseSet, Value, VectorClock,
};

/// Whatever a decoder of states accepts is the one encoding of what it gives, and merges with itself to itself.
pub fn state(bytes: &[u8]) {
    read::<VectorClock>(bytes);
    read::<CausalContext>(bytes);
    read::<LwwRegister>(bytes);
    read::<GCounter>(bytes);
    read::<PnCounter>(bytes);
    read::<GSet>(bytes);
    read::<TwoPhaseSet>(bytes);
    read::<LwwNumericRegister>(bytes);
    read::<LwwElementSet>(bytes);
    read::<LwwMap>(bytes);
    read::<MvRegister>(bytes);
    read::<OrSet>(bytes);
    if let Ok(mut set) = OrSet::from_bytes(bytes) {
        // Both indexes agree: a set with all of it removed is empty, and stays so.
        let before = set.clone();
        for value in before.elements() {
            set.remove(&value);
        }
        assert!(set.is_empty());
        assert_eq!(set.merge(&before), Ok(()));
        assert!(set.is_empty());
    }
}

fn read<T: State>(bytes: &[u8]) {
    if let Ok(mut state) = T::from_bytes(bytes) {
        assert_eq!(state.to_bytes(), bytes);
        let before = state.clone();
        assert_eq!(state.merge(&before), Ok(()));
        assert_eq!(state, before);
    }
}

/// Whatever the decoder of values accepts is the one encoding of what it gives.
pub fn value(bytes: &[u8]) {
    if let Ok(value) = Value::from_bytes(bytes) {
        assert_eq!(value.to_bytes().as_deref(), Ok(bytes));
    }
}

/// Whatever a reader of JSON accepts can be written, and reads back to itself.
pub fn json(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(json) = Json::parse(text) else { return };
    assert_eq!(Json::parse(&json.to_text()), Ok(json));
    read_json::<VectorClock>(text);
    read_json::<LwwRegister>(text);
    read_json::<GCounter>(text);
    read_json::<PnCounter>(text);
    read_json::<GSet>(text);
    read_json::<TwoPhaseSet>(text);
    read_json::<LwwNumericRegister>(text);
    read_json::<LwwElementSet>(text);
    read_json::<LwwMap>(text);
    read_json::<MvRegister>(text);
    read_json::<OrSet>(text);
}

fn read_json<T: JsonState>(text: &str) {
    let Ok((state, _)) = T::from_json(text, &Import::new()) else { return };
    assert_eq!(T::from_bytes(&state.to_bytes()).as_ref(), Ok(&state));
    let written = state.to_json(&Envelope::default()).expect("what was read can be written");
    assert_eq!(T::from_json(&written, &Import::new()), Ok((state, Envelope::default())));
}
