//! A memory as its users see it: remember, recall, forget, trust, proofs.

#![allow(clippy::unwrap_used, reason = "a failure is what a test is for")]

mod common;

use std::ops::ControlFlow;
use std::sync::Arc;

use chrysalis_crypto::proof;
use chrysalis_journal::MemoryDisk;
use chrysalis_memory::{Document, Memory, MemoryError, Note, OpenOptions, Query, SignatureState};
use common::{NEW_YEAR_MS, answer, clock, holds, identity, open, say};

#[test]
fn what_is_remembered_is_found_by_every_handle_at_once() {
    let disk = MemoryDisk::new();
    let (ada, bob) = (open(&disk, "ada"), open(&disk, "bob"));
    let id = say(&ada, "The lighthouse keeper counts the ships at dusk.");
    assert_eq!(answer(&ada, "lighthouse"), answer(&bob, "lighthouse"));
    let answer = bob.recall(&Query::new("who counts ships?")).unwrap();
    let hit = &answer.hits[0];
    assert_eq!((hit.entry.id, hit.entry.signature), (id, SignatureState::UnknownSigner));
    assert_eq!(ada.recall(&Query::new("ships")).unwrap().hits[0].entry.signature, SignatureState::Trusted);
    assert!(hit.matches.iter().any(|range| &hit.entry.note.text[range.clone()] == "ships"));
    assert_eq!(answer.frontier.len(), 1);
}

#[test]
fn everything_is_there_after_reopening() {
    let disk = MemoryDisk::new();
    let ids: Vec<_> = {
        let ada = open(&disk, "ada");
        (0..20).map(|i| say(&ada, &format!("fact number {i} about kestrels"))).collect()
    };
    let ada = open(&disk, "ada");
    for id in &ids {
        assert_eq!(ada.entry(id).unwrap().id, *id);
    }
    assert_eq!(answer(&ada, "kestrels").len(), 20);
    assert_eq!(ada.stats().unwrap().writers, 1, "a closed incarnation is taken again");
}

#[test]
fn remembering_a_document_again_skips_and_supersedes() {
    let disk = MemoryDisk::new();
    let ada = open(&disk, "ada");
    let filler = "Sentence that fills the passage so that it stands alone. ".repeat(14);
    let text = |last: &str| format!("# Bees\n\nBees dance. {filler}\n\n# Wasps\n\nWasps {last}. {filler}\n");
    let first = ada.remember_documents(&[Document::new("insects.md", text("sting"))], None).unwrap();
    assert_eq!((first.ids.len(), first.unchanged, first.superseded), (2, 0, 0));
    let again = ada.remember_documents(&[Document::new("insects.md", text("sting"))], None).unwrap();
    assert_eq!((again.ids.len(), again.unchanged, again.unchanged_documents), (0, 2, 1));
    let commits = ada.stats().unwrap().commits;
    let changed = ada.remember_documents(&[Document::new("insects.md", text("hover"))], None).unwrap();
    assert_eq!((changed.ids.len(), changed.unchanged, changed.superseded), (1, 1, 1));
    assert_eq!(ada.stats().unwrap().commits, commits + 1);
    let hits = ada.recall(&Query::new("wasps")).unwrap().hits;
    assert!(hits.iter().all(|hit| !hit.entry.note.text.contains("sting")), "the old passage is superseded");
    let place = hits[0].entry.note.place.clone().unwrap();
    assert_eq!((place.headings.last().unwrap().as_str(), place.lines.0), ("Wasps", 5));
    let gone = ada.remember_documents(&[Document::new("insects.md", "")], None).unwrap();
    assert_eq!(gone.superseded, 2);
    assert!(answer(&ada, "bees wasps").is_empty());
}

#[test]
fn forgetting_erases_and_everything_left_verifies() {
    let disk = MemoryDisk::new();
    let ada = open(&disk, "ada");
    let secret = "the combination is 7-kumquat-19";
    let ids = ada.remember(vec![Note::new("harmless"), Note::new(secret)], None).unwrap();
    say(&ada, secret);
    assert_eq!(ada.recall(&Query::new("kumquat")).unwrap().hits[0].entry.occasions, 2);
    let forgotten = ada.forget(&[ids[1]]).unwrap();
    assert_eq!((forgotten.entries, forgotten.erased, forgotten.pending), (1, 2, 0));
    assert!(answer(&ada, "kumquat").is_empty());
    assert!(matches!(ada.entry(&ids[1]), Err(MemoryError::ContentAbsent)));
    assert!(matches!(ada.proof(&ids[1]), Err(MemoryError::ContentAbsent)));
    assert!(!holds(&disk, b"kumquat"), "no file holds the text any more");
    let report = chrysalis_journal::verify(&disk, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    drop(ada);
    let ada = open(&disk, "ada");
    assert!(answer(&ada, "kumquat").is_empty());
    assert_eq!(answer(&ada, "harmless").len(), 1);
    assert!(
        proof::verify(&ada.proof(&ids[0]).unwrap()).is_ok(),
        "a record beside an erased one still proves itself"
    );
}

#[test]
fn nobody_forgets_for_another() {
    let disk = MemoryDisk::new();
    let (ada, bob) = (open(&disk, "ada"), open(&disk, "bob"));
    let id = say(&ada, "a fact of ada's");
    assert!(matches!(bob.forget(&[id]), Err(MemoryError::NotTheAuthor)));
    assert_eq!(answer(&bob, "fact").len(), 1);
    assert!(matches!(
        ada.forget(&[chrysalis_memory::EntryId::from_bytes([0; 32])]),
        Err(MemoryError::NoSuchEntry)
    ));
}

#[test]
fn another_process_erases_what_it_holds_at_its_next_call() {
    let disk = MemoryDisk::new();
    let (one, two) = (open(&disk, "ada"), open(&disk, "ada"));
    say(&two, "opens the second journal");
    let id = say(&one, "the word is xylophone");
    let forgotten = two.forget(&[id]).unwrap();
    assert_eq!((forgotten.entries, forgotten.erased, forgotten.pending), (1, 0, 1));
    assert!(answer(&one, "opens").len() == 1 && answer(&one, "xylophone").is_empty());
    assert!(!holds(&disk, b"xylophone"));
}

#[test]
fn trust_marks_and_a_revocation_keeps_what_was_accepted() {
    let disk = MemoryDisk::new();
    let (ada, bob) = (open(&disk, "ada"), open(&disk, "bob"));
    let key = bob.identity().unwrap().public_key();
    say(&bob, "the well is deep");
    let state = |question: &str| {
        let hits = ada.recall(&Query { include_revoked: true, ..Query::new(question) }).unwrap().hits;
        (hits[0].entry.signature, hits[0].entry.author_name.clone())
    };
    assert_eq!(state("well"), (SignatureState::UnknownSigner, None));
    ada.trust_add(key, Some("Bob")).unwrap();
    assert_eq!(state("well"), (SignatureState::Trusted, Some("Bob".into())));
    ada.trust_revoke(key, false).unwrap();
    say(&bob, "the spring is dry");
    assert_eq!(state("well").0, SignatureState::UnknownSigner, "accepted, but not trusted any more");
    assert_eq!(state("spring").0, SignatureState::Revoked);
    assert!(answer(&ada, "spring").is_empty(), "left out unless asked for");
    ada.trust_revoke(key, true).unwrap();
    assert_eq!(state("well").0, SignatureState::Revoked);
    let trusted = ada.recall(&Query { trusted_only: true, ..Query::new("well spring") }).unwrap();
    assert!(trusted.hits.is_empty());
}

#[test]
fn a_stolen_key_cannot_take_back_what_was_accepted() {
    let disk = MemoryDisk::new();
    let (ada, bob) = (open(&disk, "ada"), open(&disk, "bob"));
    let id = say(&bob, "the bridge opens at noon");
    ada.trust_revoke(bob.identity().unwrap().public_key(), false).unwrap();
    // Whoever holds the key now forgets on its own store, and that store is merged.
    let copy = disk.copy();
    let thief = open(&copy, "bob");
    assert_eq!(thief.forget(&[id]).unwrap().entries, 1);
    common::merge(&ada, &copy);
    assert_eq!(answer(&ada, "bridge noon").len(), 1);
    assert!(ada.proof(&id).is_ok(), "nothing was erased");
}

#[test]
fn proofs_hold_offline_and_ids_resolve_by_prefix() {
    let disk = MemoryDisk::new();
    let ada = open(&disk, "ada");
    let ids = ada.remember((0..7).map(|i| Note::new(format!("note {i}"))).collect(), None).unwrap();
    for id in &ids {
        let verified = proof::verify(&ada.proof(id).unwrap()).unwrap();
        assert_eq!(&verified.leaf, id.as_bytes());
        assert_eq!(verified.proof.commit.writer.key, *ada.identity().unwrap().public_key().as_bytes());
        assert_eq!(ada.resolve(&id.to_short()).unwrap(), *id);
    }
    assert!(matches!(ada.resolve("abc"), Err(MemoryError::InvalidEntryId)));
    assert!(matches!(ada.resolve("zzzz"), Err(MemoryError::InvalidEntryId)));
    assert!(matches!(ada.resolve(&"0".repeat(64)), Err(MemoryError::NoSuchEntry)));
}

#[test]
fn filters_act_inside_the_search() {
    let disk = MemoryDisk::new();
    let (ada, bob) = (open(&disk, "ada"), open(&disk, "bob"));
    for i in 0..30 {
        say(&bob, &format!("owls hunt at night, observation {i}"));
    }
    let tagged = Note {
        tags: vec!["field".into()],
        source: Some("notes/owls.md".into()),
        ..Note::new("owls rest by day")
    };
    let id = ada.remember(vec![tagged], Some("work")).unwrap()[0];
    let only = |query: Query| -> Vec<_> {
        ada.recall(&query).unwrap().hits.iter().map(|hit| hit.entry.id).collect()
    };
    let ask = || Query { limit: 3, ..Query::new("owls hunt at night") };
    assert_eq!(only(Query { tags: vec!["field".into()], ..ask() }), [id]);
    assert_eq!(only(Query { namespace: Some("work".into()), ..ask() }), [id]);
    assert_eq!(only(Query { source_prefix: Some("notes/".into()), ..ask() }), [id]);
    assert_eq!(only(Query { author: Some(ada.identity().unwrap().public_key()), ..ask() }), [id]);
    assert_eq!(only(Query { since_ms: Some(u64::MAX), ..ask() }), []);
    assert_eq!(only(ask()).len(), 3);
    assert!(matches!(
        ada.recall(&Query { namespace: Some("play".into()), ..ask() }),
        Err(MemoryError::NoSuchNamespace)
    ));
    assert!(matches!(ada.recall(&Query::new("?!")), Err(MemoryError::EmptyQuery)));
}

#[test]
fn one_bad_note_means_nothing_is_written() {
    let disk = MemoryDisk::new();
    let ada = open(&disk, "ada");
    let notes = vec![Note::new("good"), Note::new("  ")];
    assert!(matches!(ada.remember(notes, None), Err(MemoryError::EmptyText)));
    assert_eq!(ada.stats().unwrap().records, 0);
}

#[test]
fn what_was_accepted_of_a_revoked_key_stays_accepted_after_reopening() {
    let disk = MemoryDisk::new();
    let key = identity("bob").public_key();
    {
        let (ada, bob) = (open(&disk, "ada"), open(&disk, "bob"));
        let old = bob.remember_documents(&[Document::new("bob.md", "the ferry sails at six")], None).unwrap();
        bob.remember_documents(&[Document::new("bob.md", "the ferry sails at seven")], None).unwrap();
        assert_eq!(old.ids.len(), 1);
        ada.trust_revoke(key, false).unwrap();
        say(&bob, "the ferry is sunk");
    }
    let ada = open(&disk, "ada");
    let hits = ada.recall(&Query::new("ferry sails six seven")).unwrap().hits;
    let texts: Vec<_> = hits.iter().map(|hit| (&*hit.entry.note.text, hit.entry.signature)).collect();
    assert_eq!(texts, [("the ferry sails at seven", SignatureState::UnknownSigner)]);
    let all = ada.recall(&Query { include_revoked: true, ..Query::new("sunk") }).unwrap().hits;
    assert_eq!(all[0].entry.signature, SignatureState::Revoked);
}

#[test]
fn a_memory_that_stays_open_learns_trust_and_names_from_other_processes() {
    let disk = MemoryDisk::new();
    let server = open(&disk, "ada");
    let other = open(&disk, "bob");
    let id = other.remember(vec![Note::new("the kiln is hot")], Some("pottery")).unwrap()[0];
    let query = Query { namespace: Some("pottery".into()), ..Query::new("kiln") };
    assert_eq!(server.recall(&query).unwrap().hits.len(), 1);
    // A key is revoked on the command line while the server runs.
    let line = open(&disk, "ada");
    line.trust_revoke(identity("bob").public_key(), true).unwrap();
    assert!(answer(&server, "kiln").is_empty());
    assert_eq!(server.entry(&id).unwrap().signature, SignatureState::Revoked);
    line.trust_add(identity("bob").public_key(), Some("Bob")).unwrap();
    assert_eq!(server.entry(&id).unwrap().signature, SignatureState::Trusted);
    assert_eq!(server.trust(), line.trust());
}

#[test]
fn a_reader_changes_nothing_and_shows_nothing_forgotten() {
    let disk = MemoryDisk::new();
    let key = identity("bob").public_key();
    let (ada, two) = (open(&disk, "ada"), open(&disk, "ada"));
    say(&two, "opens the second journal");
    let id = say(&ada, "the safe is behind the parsnip");
    // The first process holds its journal, so that the content is still on the disk.
    assert_eq!(two.forget(&[id]).unwrap().pending, 1);
    assert!(holds(&disk, b"parsnip"));
    let copy = disk.copy();
    let options = OpenOptions { read_only: true, now: Some(clock()), ..OpenOptions::default() };
    let reader = Memory::open_on(Arc::new(copy.clone()), options).unwrap();
    assert!(answer(&reader, "parsnip").is_empty());
    assert!(matches!(reader.entry(&id), Err(MemoryError::ContentAbsent)));
    assert!(matches!(reader.proof(&id), Err(MemoryError::ContentAbsent)));
    let refused = |error: MemoryError| error.code() == chrysalis_journal::JournalError::ReadOnly.code();
    assert!(refused(reader.trust_add(key, None).unwrap_err()));
    assert!(refused(reader.trust_revoke(key, true).unwrap_err()));
    assert!(refused(reader.trust_remove(key).unwrap_err()));
    assert!(refused(reader.make_namespace("work", false).unwrap_err()));
    assert!(reader.namespaces().unwrap().iter().all(|namespace| namespace.name != "work"));
}

#[test]
fn what_is_still_to_happen_is_found() {
    let ada = open(&MemoryDisk::new(), "ada");
    let future = Note { occurred_ms: Some(NEW_YEAR_MS * 2), ..Note::new("the eclipse will be total") };
    let past = Note { occurred_ms: Some(1000), ..Note::new("the eclipse of long ago") };
    ada.remember(vec![future, past], None).unwrap();
    let found = ada.recall(&Query::new("eclipse")).unwrap();
    assert_eq!(found.hits.len(), 2);
    let again = ada.recall(&Query { as_of_ms: Some(found.as_of_ms), ..Query::new("eclipse") }).unwrap();
    assert_eq!(again.hits.len(), 2, "the default time by its number gives the same answer");
    let then = ada.recall(&Query { as_of_ms: Some(2000), ..Query::new("eclipse") }).unwrap();
    assert_eq!(then.hits.len(), 1, "and before both were known, what was not is left out");
}

#[test]
fn revoking_again_does_not_accept_what_came_meanwhile() {
    let disk = MemoryDisk::new();
    let (ada, bob) = (open(&disk, "ada"), open(&disk, "bob"));
    let key = identity("bob").public_key();
    say(&bob, "said in good faith");
    ada.trust_revoke(key, false).unwrap();
    say(&bob, "said with a stolen key");
    ada.trust_revoke(key, false).unwrap();
    assert!(answer(&ada, "stolen").is_empty());
    assert_eq!(answer(&ada, "faith").len(), 1);
    ada.trust_revoke(key, true).unwrap();
    ada.trust_revoke(key, false).unwrap();
    assert!(answer(&ada, "faith").is_empty());
    ada.trust_add(key, None).unwrap();
    assert_eq!(answer(&ada, "stolen faith").len(), 2, "only trusting it lifts a revocation");
}
