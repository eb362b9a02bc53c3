//! Agreement as every other language sees it: which properties plain objects have that go in and come out.
//!
//! It is said once, so that JavaScript and Python cannot differ; `wasm::consensus` and `python::consensus` only know how to
//! read a property and how to make an object.

pub(crate) mod cluster;
pub(crate) mod member;
pub(crate) mod plain;
pub(crate) mod proof;
