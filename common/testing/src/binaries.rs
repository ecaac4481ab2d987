//! The paths of the programs under test.
//!
//! Cargo tells the tests of a package only the paths of this package's programs (`CARGO_BIN_EXE_…`), but the tests of
//! each program need both. All programs are in the folder above the folder of the tests. `cargo test` in the
//! workspace has already built them. `cargo test -p mio-client` builds no server, or leaves an old one, so this
//! module builds it, once.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::SystemTime;

/// Returns the path of `mio-server` or `mio-client`, built from the current sources.
pub fn binary(name: &str) -> PathBuf {
    let package = if name == "mio-client" { "client" } else { "server" };
    built("--bin", name, Path::new(name), &[&format!("{package}/src")])
}

/// Returns the path of an example of the server, built from the current sources.
pub fn example(name: &str) -> PathBuf {
    built("--example", name, &Path::new("examples").join(name), &["server/src", "server/examples"])
}

/// Returns the path of a program of this kind, which is at `place` in the folder above the folder of the tests. It is
/// made of the files in `sources` and in `common`.
fn built(kind: &str, name: &str, place: &Path, sources: &[&str]) -> PathBuf {
    static CHECKED: Mutex<Vec<String>> = Mutex::new(Vec::new());

    let test = env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).expect("tests are in target/PROFILE/deps");
    let path = folder.join(place);
    let mut checked = CHECKED.lock().unwrap();
    if !checked.iter().any(|other| other == name) {
        if !is_fresh(&path, sources) {
            build(kind, name, folder);
            assert!(path.exists(), "{} is missing: run `cargo test` in the workspace", path.display());
        }
        checked.push(name.to_owned());
    }
    path
}

/// Whether the program exists and is newer than all these sources. Cargo lists the exact sources of a program next to
/// it, but not if it has built the program only for the tests.
fn is_fresh(program: &Path, sources: &[&str]) -> bool {
    const CRATES: [&str; 5] = ["session", "identity", "program", "decode", "show"];
    let package = package();
    let Some(workspace) = package.ancestors().find(|folder| folder.join("Cargo.lock").exists()) else {
        return program.exists();
    };
    let crates = CRATES.map(|name| workspace.join("common").join(name).join("src"));
    let sources = sources.iter().map(|folder| workspace.join(folder));
    let built = fs::metadata(program).and_then(|metadata| metadata.modified());
    built.is_ok_and(|built| sources.chain(crates).all(|folder| newest(&folder) <= Some(built)))
}

/// Returns when a file in this folder has changed last.
fn newest(folder: &Path) -> Option<SystemTime> {
    let changed = |entry: fs::DirEntry| {
        let metadata = entry.metadata().ok()?;
        if metadata.is_dir() { newest(&entry.path()) } else { metadata.modified().ok() }
    };
    fs::read_dir(folder).ok()?.flatten().filter_map(changed).max()
}

/// The package whose tests run, from Cargo: if the workspace was copied, it is not the folder of compilation.
fn package() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").map_or(env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

fn build(kind: &str, name: &str, folder: &Path) {
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(profile) => profile,
        None => panic!("{} is not in target/PROFILE", folder.display()),
    };
    // `--workspace`: for one package alone, Cargo selects other features and compiles every dependency again.
    let status = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["build", "--quiet", "--workspace", kind, name, "--profile", profile, "--target-dir"])
        .arg(folder.parent().unwrap())
        .current_dir(package())
        .status()
        .unwrap();
    assert!(status.success(), "building {name} failed: {status}");
}
