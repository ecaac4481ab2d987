// The build scripts of both programs include this file. It needs nothing but std.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// The sources of both programs, relative to their folders. Add each crate that the programs begin to use.
const SOURCES: [&str; 9] = [
    "src",
    "Cargo.toml",
    "../Cargo.toml",
    "../Cargo.lock",
    "../common/decode/src",
    "../common/identity/src",
    "../common/program/src",
    "../common/session/src",
    "../common/show/src",
];

/// Passes two texts for `--version` to the compiler. `COMMIT` is ` (commit)`, or empty outside of a clone of this
/// repository. `LIBRARIES` has the versions of rustls and its provider.
fn pass_versions() {
    let manifest = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=COMMIT={}", commit().map(|commit| format!(" ({commit})")).unwrap_or_default());
    println!("cargo::rustc-env=LIBRARIES={}", libraries(Path::new(&manifest)).unwrap_or("rustls 0.23, aws-lc-rs 1".to_owned()));
}

/// Returns the commit of the working tree, shortened. `-dirty` behind it, as in `git describe`, means that the sources of
/// the program have changes that no commit has.
fn commit() -> Option<String> {
    // A copy of these sources may lie inside another repository, which does not track them.
    git(&["ls-files", "--error-unmatch", "Cargo.toml"])?;
    for path in watched()? {
        println!("cargo::rerun-if-changed={path}");
    }
    let is_clean = git(&[&["diff", "--no-ext-diff", "--quiet", "HEAD", "--"], &SOURCES[..]].concat()).is_some();
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    Some(if is_clean { commit } else { format!("{commit}-dirty") })
}

/// Returns the files and folders whose changes can change the result of [`commit`]. A file that is missing is left out: cargo
/// would run this script for each build. Another repository that has a copy of these sources may have no Cargo.lock.
fn watched() -> Option<Vec<String>> {
    // The log of HEAD grows with each commit.
    let [head, log] = ["HEAD", "logs/HEAD"].map(|file| git(&["rev-parse", "--git-path", file]));
    // A source that changes makes cargo compile the program again anyway.
    let sources = SOURCES.map(str::to_owned);
    Some([head?, log?].into_iter().chain(sources).filter(|path| Path::new(path).exists()).collect())
}

/// Returns what git prints, without the last newline.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim_end().to_owned())
}

/// Returns the versions in the nearest Cargo.lock. `cargo install` without `--locked` may use others, so the text names
/// the file.
fn libraries(manifest: &Path) -> Option<String> {
    let lock = manifest.ancestors().map(|folder| folder.join("Cargo.lock")).find(|lock| lock.exists())?;
    println!("cargo::rerun-if-changed={}", lock.display());
    let lock = fs::read_to_string(lock).ok()?;
    let version = |package: &str| lock.split_once(&format!("name = \"{package}\"\nversion = \""))?.1.split('"').next();
    Some(format!("rustls {}, aws-lc-rs {} (Cargo.lock)", version("rustls")?, version("aws-lc-rs")?))
}
