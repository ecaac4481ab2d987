//! The exact versions of programs.

use std::process::Command;

/// The version of a program. `None` if it is not installed.
pub type Version = Option<String>;

/// Returns the word behind `before` in what this command prints, on either stream.
pub fn printed(command: &[&str], before: &str) -> Version {
    let (program, arguments) = command.split_first()?;
    let output = Command::new(program).args(arguments).env("PATH", path()).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_whitespace().next()?.to_owned())
}

/// Returns these packages with their versions in `Cargo.lock`: "tokio-rustls 0.26.6, rustls 0.23.46".
pub fn locked(packages: &[&str]) -> Version {
    let lock = include_str!("../../../../Cargo.lock");
    let version = |package: &&str| {
        let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
        Some(format!("{package} {}", rest.split('"').next()?))
    };
    Some(packages.iter().map(version).collect::<Option<Vec<_>>>()?.join(", "))
}

/// Appends the version of the system's OpenSSL, which the program uses.
pub fn with_openssl(version: Version) -> Version {
    Some(format!("{}, OpenSSL {}", version?, printed(&["openssl", "version"], "OpenSSL ")?))
}

/// Returns the `PATH` with the folder of the daemons, which a user's `PATH` lacks on Debian.
pub fn path() -> String {
    format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default())
}
