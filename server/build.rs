//! Passes the commit and the versions of the TLS libraries to the compiler, for `--version`.

include!("../common/program/build/versions.rs");

fn main() {
    pass_versions();
}
