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
    built("--bin", name, Path::new(name))
}

/// Returns the path of an example of this workspace, built from the current sources.
pub fn example(name: &str) -> PathBuf {
    built("--example", name, &Path::new("examples").join(name))
}

/// Returns the path of a program of this kind, which is at `place` in the folder above the folder of the tests.
fn built(kind: &str, name: &str, place: &Path) -> PathBuf {
    static CHECKED: Mutex<Vec<String>> = Mutex::new(Vec::new());

    let test = env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).expect("tests are in target/PROFILE/deps");
    let path = folder.join(place);
    let mut checked = CHECKED.lock().unwrap();
    if !checked.iter().any(|other| other == name) {
        if !is_fresh(&path) {
            build(kind, name, folder);
            assert!(path.exists(), "{} is missing: run `cargo test` in the workspace", path.display());
        }
        checked.push(name.to_owned());
    }
    path
}

/// Whether the program exists and is newer than all its sources, which Cargo lists in a file next to it.
fn is_fresh(program: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let Some(built) = modified(program) else { return false };
    let Ok(list) = fs::read_to_string(program.with_extension("d")) else { return false };
    let Some((_, sources)) = list.trim_end().split_once(": ") else { return false };
    // As in a makefile, a space in a path follows a backslash.
    let sources = sources.replace("\\ ", "\0");
    let is_older = |source: &str| {
        let source = source.replace('\0', " ");
        modified(Path::new(&source)).is_some_and(|source: SystemTime| source <= built)
    };
    sources.split(' ').all(is_older)
}

fn build(kind: &str, name: &str, folder: &Path) {
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(profile) => profile,
        None => panic!("{} is not in target/PROFILE", folder.display()),
    };
    // The package whose tests run, from Cargo: if the workspace was copied, it is not the folder of compilation.
    let package = env::var_os("CARGO_MANIFEST_DIR").map_or(env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    // `--workspace`: for one package alone, Cargo selects other features and compiles every dependency again.
    let status = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["build", "--quiet", "--workspace", kind, name, "--profile", profile, "--target-dir"])
        .arg(folder.parent().unwrap())
        .current_dir(package)
        .status()
        .unwrap();
    assert!(status.success(), "building {name} failed: {status}");
}
