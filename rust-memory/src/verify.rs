//! Checking a whole store, what memory itself keeps in it included.

use std::ops::ControlFlow;

use chrysalis_journal::{Disk, Finding, VerifyReport};

use crate::error::MemoryError;
use crate::namespace;
use crate::trust::Trust;

/// Checks every byte of the store on `disk` as [`chrysalis_journal::verify`] does, and the names and trust in its
/// `local/`. Reads only and needs no lock.
///
/// # Errors
/// [`MemoryError::Journal`] when there is no store, or it cannot be read. Damage is no error.
pub fn verify(
    disk: &dyn Disk,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<VerifyReport, MemoryError> {
    let mut report = chrysalis_journal::verify(disk, progress)?;
    for result in [namespace::list(disk).map(drop), Trust::load(disk).map(drop)] {
        match result {
            Err(MemoryError::LocalFileMalformed(name)) => {
                let file = format!("local/{name}");
                report.findings.push(Finding { file, offset: 0, problem: "checksum or form is wrong" });
            }
            other => other?,
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrysalis_journal::{MemoryDisk, OpenMode, Options, Store};

    #[test]
    fn a_flipped_byte_in_names_or_trust_is_found() {
        let disk = MemoryDisk::new();
        drop(Store::open(std::sync::Arc::new(disk.clone()), Options::default()).unwrap());
        namespace::find_or_make(&disk, "work", false).unwrap();
        Trust::update(&disk, crate::AgentKey::from_bytes([7; 32]), |statement| {
            statement.trusted = true;
            Ok(())
        })
        .unwrap();
        let mut go = |_| ControlFlow::Continue(());
        assert!(verify(&disk, &mut go).unwrap().is_sound());
        for name in ["local/namespaces", "local/trust"] {
            let file = disk.open(name, OpenMode::Write).unwrap();
            for at in 0..file.len().unwrap() {
                let mut byte = [0];
                file.read_at(&mut byte, at).unwrap();
                file.write_all_at(&[byte[0] ^ 1], at).unwrap();
                let report = verify(&disk, &mut go).unwrap();
                assert!(report.findings.iter().any(|finding| finding.file == name), "{name} {at}");
                file.write_all_at(&byte, at).unwrap();
            }
        }
        assert!(verify(&disk, &mut go).unwrap().is_sound());
    }
}
