#!/usr/bin/env bash
# No committed file names a machine it was written on: absolute paths of a person or a workspace, package servers.
source "$(dirname "$0")/lib.sh"

# Written so that this file does not match itself.
paths='(^|[^A-Za-z0-9_.~])/(root|work|home/[a-z]+|Users/[A-Za-z]+)/[A-Za-z0-9._-]'
servers='"resolved": *"http|(index-url|extra-index-url|registry|find-links) *= *.?(https?:|sparse\+|file:)|_authToken'
status=0
if git grep -nIE "$paths|$servers" -- . ':!scripts/lint-text.sh'; then
  say "the lines above name a machine's paths or a package server"
  status=1
fi
# Every crate comes from crates.io.
if grep '^source = ' Cargo.lock | grep -vFx 'source = "registry+https://github.com/rust-lang/crates.io-index"'; then
  say "Cargo.lock names another source than crates.io"
  status=1
fi
exit $status
