//! Laws that hold for every input. A failing case is printed with its seed, which proptest also keeps.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::sync::Arc;

use chrysalis_crypto::api_keys::ApiKey;
use chrysalis_crypto::envelope::Suite;
use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_security::wallet::{ApiKeyWallet, NewKey, SettingsChange};
use chrysalis_security::{ProviderName, SecurityContext, WrappingKey};
use proptest::collection::vec;
use proptest::prelude::*;

fn weak() -> Argon2Params {
    Argon2Params::new(8192, 1, 1).unwrap()
}

fn context() -> SecurityContext {
    SecurityContext::make_with(Arc::new(|| 0), weak(), Suite::default()).unwrap()
}

/// A wallet without a slow password.
fn wallet(host: &WrappingKey) -> ApiKeyWallet {
    let wallet = ApiKeyWallet::with_params(weak());
    wallet.initialize_with_host_key(host, 1).unwrap();
    wallet
}

#[derive(Clone, Debug)]
enum SessionStep {
    Rotate,
    Seal(Vec<u8>),
    Retire(u32),
    End,
}

fn session_steps() -> impl Strategy<Value = Vec<(bool, SessionStep)>> {
    let step = prop_oneof![
        3 => Just(SessionStep::Rotate),
        5 => vec(any::<u8>(), 0..40).prop_map(SessionStep::Seal),
        2 => (0..6_u32).prop_map(SessionStep::Retire),
        1 => Just(SessionStep::End),
    ];
    vec((any::<bool>(), step), 0..40)
}

/// What a session should be, without keys.
#[derive(Default)]
struct Model {
    newest: u32,
    oldest: u32,
    sealed: Vec<(u32, Vec<u8>, Vec<u8>)>,
    ended: Vec<Vec<u8>>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the order of rotations, retirements and ends: what was sealed under a retained version opens, and
    /// nothing else does.
    #[test]
    fn sessions_open_exactly_what_their_retained_keys_sealed(steps in session_steps()) {
        let context = context();
        let ids = ["one", "two"];
        let mut models = [Model::default(), Model::default()];
        for (which, step) in steps {
            let (id, model) = (ids[usize::from(which)], &mut models[usize::from(which)]);
            match step {
                SessionStep::Rotate => {
                    model.newest += 1;
                    model.oldest = model.oldest.max(1);
                    prop_assert_eq!(context.rotate_session_key(id).unwrap(), model.newest);
                }
                SessionStep::Seal(data) => match context.encrypt_for_session(id, &data, id.as_bytes()) {
                    Ok(envelope) => model.sealed.push((model.newest, data, envelope)),
                    Err(error) => prop_assert_eq!((model.newest, error.code()), (0, "SESSION_NOT_FOUND")),
                },
                SessionStep::Retire(before) => match context.retire_session_keys(id, before) {
                    Ok(_) => {
                        prop_assert!(before <= model.newest);
                        model.oldest = model.oldest.max(before);
                    }
                    Err(_) => prop_assert!(model.newest == 0 || before > model.newest),
                },
                SessionStep::End => {
                    prop_assert_eq!(context.end_session(id).unwrap(), model.newest > 0);
                    let ended = std::mem::take(model);
                    model.ended = ended.ended;
                    model.ended.extend(ended.sealed.into_iter().map(|(_, _, envelope)| envelope));
                }
            }
            let version = context.session_key_version(id).unwrap();
            prop_assert_eq!(version, (model.newest > 0).then_some(model.newest));
        }
        for (id, model) in ids.iter().zip(&models) {
            for (version, data, envelope) in &model.sealed {
                match context.decrypt_from_session(id, envelope, id.as_bytes()) {
                    Ok(opened) => prop_assert!(*version >= model.oldest && *opened == *data),
                    Err(error) => {
                        prop_assert_eq!(error.code(), "KEY_RETIRED");
                        prop_assert!(*version < model.oldest);
                    }
                }
                let other = if *id == "one" { "two" } else { "one" };
                prop_assert!(context.decrypt_from_session(other, envelope, id.as_bytes()).is_err());
            }
            for envelope in &model.ended {
                prop_assert!(context.decrypt_from_session(id, envelope, id.as_bytes()).is_err());
            }
        }
    }

    /// Storage envelopes open with their context alone, before and after rewrapping, until their key is retired.
    #[test]
    fn rewrapping_keeps_text_and_binding(
        records in vec((vec(any::<u8>(), 0..100), vec(any::<u8>(), 0..20)), 1..20),
        rotations in 1..5_u32,
    ) {
        let context = context();
        let sealed: Vec<_> =
            records.iter().map(|(text, place)| context.encrypt_for_storage(text, place).unwrap()).collect();
        for _ in 0..rotations {
            context.rotate_storage_key().unwrap();
        }
        let pairs: Vec<_> =
            sealed.iter().zip(&records).map(|(s, (_, place))| (s.as_slice(), place.as_slice())).collect();
        let rewrapped = context.rewrap_many(&pairs).unwrap();
        context.set_min_decryption_key_id(rotations + 1).unwrap();
        for (((text, place), old), new) in records.iter().zip(&sealed).zip(rewrapped) {
            let new = new.unwrap();
            prop_assert_eq!(&*context.decrypt_from_storage(&new, place).unwrap(), text);
            prop_assert!(context.decrypt_from_storage(&new, &[place.as_slice(), b"x"].concat()).is_err());
            prop_assert_eq!(context.decrypt_from_storage(old, place).unwrap_err().code(), "KEY_RETIRED");
        }
    }

    /// A wallet is what a list of keys is, through exports and loads, and defaults stay one per provider.
    #[test]
    fn a_wallet_is_a_list_of_keys(
        steps in vec((0..5_u8, 0..4_usize, any::<prop::sample::Index>(), any::<bool>()), 0..30),
    ) {
        let host = WrappingKey::make().unwrap();
        let mut wallet = wallet(&host);
        let providers = ["groq", "openai", "custom:a", "xai"];
        let mut model: Vec<(String, usize, String)> = Vec::new();
        let mut defaults: BTreeMap<usize, String> = BTreeMap::new();
        for (number, (step, provider, index, flag)) in steps.into_iter().enumerate() {
            let chosen = (!model.is_empty()).then(|| index.index(model.len()));
            let text = format!("key-{number}-0123456789");
            match (step, chosen) {
                (0 | 1, _) | (_, None) => {
                    let key = ApiKey::new(text.clone()).unwrap();
                    let new = NewKey { is_default: flag, ..NewKey::default() };
                    let id = wallet.add_key(providers[provider], &key, new, 1).unwrap().to_string();
                    if flag {
                        defaults.insert(provider, id.clone());
                    }
                    model.push((id, provider, text));
                }
                (2, Some(place)) => {
                    let (id, provider, _) = model.remove(place);
                    prop_assert!(wallet.remove_key(&id, 1).unwrap());
                    if defaults.get(&provider) == Some(&id) {
                        defaults.remove(&provider);
                    }
                }
                (3, Some(place)) => {
                    wallet.rotate_key(&model[place].0, &ApiKey::new(text.clone()).unwrap(), 1).unwrap();
                    model[place].2 = text;
                }
                (_, Some(place)) => {
                    wallet.set_default(&model[place].0, 1).unwrap();
                    defaults.insert(model[place].1, model[place].0.clone());
                }
            }
            if flag {
                let file = wallet.export().unwrap();
                wallet = ApiKeyWallet::with_params(weak());
                wallet.load(&file).unwrap();
                wallet.unlock_with_host_key(&host, 1).unwrap();
                prop_assert_eq!(wallet.export().unwrap(), file);
            }
        }
        let listed = wallet.list_keys(None, 1).unwrap();
        prop_assert_eq!(listed.len(), model.len());
        for (entry, (id, provider, text)) in listed.iter().zip(&model) {
            prop_assert_eq!(&entry.id.to_string(), id);
            prop_assert_eq!(entry.provider.as_str(), providers[*provider]);
            prop_assert_eq!(entry.is_default, defaults.get(provider) == Some(id));
            let key = wallet.key(id, 1).unwrap().unwrap();
            prop_assert!(key.expose(|key| key == text.as_bytes()));
        }
        let settings = wallet.update_settings(SettingsChange::default(), 1).unwrap();
        prop_assert_eq!(settings.default_providers.len(), defaults.len());
    }

    /// Names that parse are stable, and parse to themselves.
    #[test]
    fn provider_names_have_one_form(text in "\\PC{0,70}") {
        if let Ok(name) = ProviderName::parse(&text) {
            prop_assert_eq!(ProviderName::parse(name.as_str()), Ok(name.clone()));
            prop_assert!(name.as_str().len() <= 64);
            if let Ok(name) = ProviderName::parse_for_wallet(&text) {
                prop_assert_eq!(ProviderName::parse_for_wallet(name.as_str()), Ok(name));
            }
        }
    }
}
