//! What the fuzz targets check. Plain functions, so that `cargo test` runs them without libFuzzer.

use chrysalis_crdt::{CausalContext, LwwRegister, OrSet, Value, VectorClock};

/// Whatever a decoder of states accepts is the one encoding of what it gives.
pub fn state(bytes: &[u8]) {
    if let Ok(clock) = VectorClock::from_bytes(bytes) {
        assert_eq!(clock.to_bytes(), bytes);
    }
    if let Ok(context) = CausalContext::from_bytes(bytes) {
        assert_eq!(context.to_bytes(), bytes);
    }
    if let Ok(register) = LwwRegister::from_bytes(bytes) {
        assert_eq!(register.to_bytes(), bytes);
    }
    if let Ok(mut set) = OrSet::from_bytes(bytes) {
        assert_eq!(set.to_bytes(), bytes);
        // Both indexes agree: a set merged with itself, and with all of it removed, is what it should be.
        let before = set.clone();
        assert_eq!(set.merge(&before), Ok(()));
        assert_eq!(set, before);
        for value in before.elements() {
            set.remove(&value);
        }
        assert!(set.is_empty());
        assert_eq!(set.merge(&before), Ok(()));
        assert!(set.is_empty());
    }
}

/// Whatever the decoder of values accepts is the one encoding of what it gives.
pub fn value(bytes: &[u8]) {
    if let Ok(value) = Value::from_bytes(bytes) {
        assert_eq!(value.to_bytes().as_deref(), Ok(bytes));
    }
}
