//! Agreement as every other language sees it: which properties plain objects have that go in and come out.
//!
//! It is said once, so that JavaScript and Python cannot differ; their modules of the same name only know how to read a
//! property and how to make an object.

#[cfg(any(feature = "python", feature = "simulation"))]
pub(crate) mod cluster;
pub(crate) mod decision;
#[cfg(any(feature = "python", feature = "consensus"))]
pub(crate) mod member;
#[cfg_attr(
    not(any(feature = "python", feature = "consensus")),
    expect(dead_code, reason = "a cluster takes fewer options than a member")
)]
pub(crate) mod plain;
#[cfg(any(feature = "python", feature = "consensus"))]
pub(crate) mod proof;
#[cfg(any(feature = "python", feature = "consensus"))]
pub(crate) mod validation;
