//! A forked child has neither its parent's threads nor a share in its connections.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;

use chrysalis_embedding::provider::HttpProvider;
use chrysalis_embedding::provider::openai::OpenAi;
use chrysalis_embedding::service::BlockingService;
use chrysalis_embedding::testing::{ScriptedServer, answers};
use chrysalis_embedding::{LaneSettings, ServiceBuilder, ServiceSettings};
use common::{DIMENSIONS, openai_settings};

/// Contract part 12: clients are made anew in each process.
#[test]
fn a_child_starts_anew_and_the_parent_goes_on() {
    let server = ScriptedServer::start(|seen| vec![answers::openai(seen, DIMENSIONS)]).unwrap();
    let settings = openai_settings(&server);
    let service = BlockingService::new(Box::new(move |runtime| {
        let protocol = OpenAi::new(settings.clone())?;
        let provider = Arc::new(HttpProvider::new(protocol, common::client(), runtime.clone())?);
        ServiceBuilder::new(ServiceSettings::default())
            .provider(provider, LaneSettings::default())
            .build(runtime)
    }))
    .unwrap();
    service.embed("before").unwrap();
    // SAFETY: the child uses only the service, which is made for that, and leaves by `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let embedded =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| service.embed("in the child")));
        let is_right = matches!(embedded, Ok(Ok(embedding))
            if embedding.as_slice() == answers::vector_of("in the child", DIMENSIONS));
        // SAFETY: ends the child.
        unsafe { libc::_exit(i32::from(!is_right)) };
    }
    assert!(child > 0);
    let mut status = -1;
    // SAFETY: waits for the child made above, with a valid place for its status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0);
    service.embed("after").unwrap();
    assert_eq!((server.requests(), server.connections()), (3, 2), "the parent's connection is still its own");
}
