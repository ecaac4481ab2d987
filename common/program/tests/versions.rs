//! The commit that `--version` shows. The build scripts of both programs find it.
#![allow(clippy::unwrap_used, dead_code)]

use testing::folder::TempDir;

include!("../build/versions.rs");

/// The process has one current folder, so this is one test.
#[test]
fn the_commit_is_marked_if_a_source_is_not_committed() {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for folder in ["client", "server"] {
        let missing = SOURCES.iter().find(|source| !programs.join(folder).join(source).exists());
        assert_eq!(missing, None, "the build script does not watch it");
    }

    let folder = TempDir::new();
    folder.write("client/Cargo.toml", "");
    folder.write("client/tests/test.rs", "");
    env::set_current_dir(folder.path().join("client")).unwrap();
    assert_eq!(commit(), None, "the folder is no repository");
    git(&["init", "--quiet", ".."]).unwrap();
    assert_eq!(commit(), None, "the repository does not track the program");
    git(&["add", ".."]).unwrap();
    let author = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"];
    git(&[&author[..], &["commit", "--quiet", "--message", "first"]].concat()).unwrap();
    let clean = commit().unwrap();
    assert!(clean.len() == 12 && !clean.contains('-'), "{clean}");
    let sources: Vec<_> = watched().unwrap().into_iter().filter(|path| !path.contains(".git/")).collect();
    assert_eq!(sources, ["Cargo.toml"], "cargo would run the build script for each build");
    folder.write("client/tests/test.rs", "changed");
    assert_eq!(commit().unwrap(), clean, "the program does not contain its tests");
    folder.write("client/Cargo.toml", "changed");
    assert_eq!(commit().unwrap(), format!("{clean}-dirty"));
}
