//! The verifier without an operating system: what a card reader, a phone's enclave or a browser would link.
//!
//! Nothing here is run; that it links is the test. Each function is one of the things a person verifies, called as a
//! program without `std` would call it.
#![no_std]

use core::panic::PanicInfo;

use verifier::audit::Audit;
use verifier::dossier::{self, DossierFile};
use verifier::evidence::Evidence;
use verifier::log::policy::Policy;
use verifier::receipt;

#[global_allocator]
static ALLOCATOR: emballoc::Allocator<65_536> = emballoc::Allocator::new();

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// Whether a receipt holds under a policy.
pub fn receipt_holds(receipt: &str, policy: &str) -> bool {
    Policy::parse(policy).is_ok_and(|policy| receipt::verify(receipt, &policy).is_ok())
}

/// Whether a dossier or an absence proof holds under a policy.
pub fn dossier_holds(file: &str, policy: &str) -> bool {
    let (Ok(file), Ok(policy)) = (DossierFile::parse(file), Policy::parse(policy)) else { return false };
    dossier::verify(&file, &policy, |_, _| false).is_ok()
}

/// Whether evidence proves misbehaviour of a ledger that the policy names.
pub fn evidence_proves(evidence: &str, policy: &str) -> bool {
    let (Ok(evidence), Ok(policy)) = (Evidence::parse(evidence), Policy::parse(policy)) else { return false };
    evidence.check(&policy).is_ok()
}

/// The size an audit of a ledger begins at.
pub fn audit_begins_at(origin: &str) -> u64 {
    Audit::new(origin).size().0
}
