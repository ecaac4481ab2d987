//! The completions of the client in a shell.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::process::Command;

use testing::folder::TempDir;
use testing::program::Launch;

#[test]
#[ignore = "needs bash"]
fn bash_completes_flags_and_their_values() {
    const COMPLETE: &str = r#"source completions.bash
COMP_WORDS=(mio-client $1 $2); COMP_CWORD=2
_mio__client mio-client "$2" "$1"
echo "${COMPREPLY[@]}""#;
    let folder = TempDir::new();
    let mut client = Launch::client(folder.path()).args(["--completions", "bash"]).start();
    client.expect_exit(0);
    folder.write("completions.bash", client.stdout.bytes());
    for (before, begun, offered) in [
        ("--list", "s", "suites"),
        ("--group", "X", "X25519MLKEM768 X25519"),
        ("--insecure", "--trace", "--trace --trace-to"),
        ("--insecure", "--serv", "--server-name"),
    ] {
        let output = Command::new("bash")
            .args(["-c", COMPLETE, "bash", before, begun])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), offered, "{before} {begun}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
}
