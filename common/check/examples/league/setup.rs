//! What the programs need: certificates, the TCP echo behind the proxies, and the programs of this repository.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use crate::version::path;

/// The programs that Cargo builds for the league: their kinds and names.
const BUILT: [(&str, &str); 5] = [
    ("--bin", "mio-server"),
    ("--bin", "mio-client"),
    ("--example", "tcp_echo"),
    ("--example", "tokio_echo"),
    ("--example", "blocking_echo"),
];

/// The folder of the league in the repository.
pub fn league_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("league")
}

/// The files of all programs, and the TCP echo. It ends when this is dropped.
pub struct Setup {
    folder: TempDir,
    target: PathBuf,
    certificate: String,
    key: String,
    backend: Child,
    backend_port: String,
}

impl Setup {
    /// Builds what is not installed, and starts the TCP echo.
    ///
    /// # Errors
    /// A build fails, or a temporary file cannot be written.
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let target = target_folder()?;
        build(&target)?;
        let folder = tempfile::Builder::new().prefix("league-").rand_bytes(8).tempdir()?;
        make_readable(folder.path())?;
        build_go(folder.path())?;
        let key = KeyPair::generate()?;
        let certificate =
            CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?.self_signed(&key)?;
        let mut backend = Command::new(target.join("examples/tcp_echo"))
            .arg("0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = backend.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let backend_port = line.trim().rsplit(':').next().unwrap_or_default().to_owned();
        let (certificate, key) = (certificate.pem(), key.serialize_pem());
        Ok(Self { folder, target, certificate, key, backend, backend_port })
    }

    /// The certificate that all servers present.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Makes the folder of a program with its certificate and key. Returns the command line with everything filled in but
    /// `{host}`, `{port}` and `{ca}`.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn command(&self, name: &str, command: &[&str]) -> Result<Vec<String>, Box<dyn Error>> {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder)?;
        make_readable(&folder)?;
        fs::write(folder.join("certificate.pem"), &self.certificate)?;
        fs::write(folder.join("key.pem"), &self.key)?;
        fs::write(folder.join("both.pem"), format!("{}{}", self.certificate, self.key))?;
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let values = [
            ("{folder}", text(&folder)),
            ("{servers}", text(&league_folder().join("servers"))),
            ("{clients}", text(&league_folder().join("clients"))),
            ("{built}", text(self.folder.path())),
            ("{programs}", text(&self.target)),
            ("{examples}", text(&self.target.join("examples"))),
            ("{backend}", self.backend_port.clone()),
        ];
        let fill = |word: &&str| {
            values.iter().fold((*word).to_owned(), |word, (place, value)| word.replace(place, value))
        };
        let mut filled: Vec<String> = command.iter().map(fill).collect();
        if !rustix::process::geteuid().is_root() {
            filled.retain(|word| word != AS_ROOT);
        }
        if let Some(program) = filled.first_mut() {
            *program = find(program);
        }
        Ok(filled)
    }
}

/// An argument that is only for the superuser.
const AS_ROOT: &str = "--user=nobody";

impl Drop for Setup {
    fn drop(&mut self) {
        let _ = self.backend.kill(); // fails if it has ended
        let _ = self.backend.wait();
    }
}

/// The folder of the programs that Cargo has built. This program is in its folder `examples` or `deps`.
fn target_folder() -> Result<PathBuf, Box<dyn Error>> {
    let this = env::current_exe()?;
    Ok(this.parent().and_then(Path::parent).ok_or("this program is in no folder of Cargo")?.to_owned())
}

fn build(folder: &Path) -> Result<(), Box<dyn Error>> {
    let target = folder.parent().ok_or("no folder above the programs")?;
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let cargo = env::var_os("CARGO").unwrap_or("cargo".into());
    // `--workspace`: for one package alone, Cargo selects other features and compiles every dependency again.
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--locked", "--workspace", "--profile", profile])
        .args(BUILT.iter().flat_map(|(kind, name)| [kind, name]))
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    if status.success() { Ok(()) } else { Err(format!("cargo build: {status}").into()) }
}

/// Builds the programs in Go, if Go is installed.
fn build_go(folder: &Path) -> Result<(), Box<dyn Error>> {
    for (source, program) in [
        ("servers/echo.go", "echo-server"),
        ("clients/https.go", "https-client"),
        ("clients/tls.go", "tls-client"),
    ] {
        let build = Command::new("go")
            .args(["build", "-o"])
            .arg(folder.join(program))
            .arg(league_folder().join(source))
            .env("GO111MODULE", "off")
            .status();
        match build {
            Ok(status) if !status.success() => return Err(format!("go build {source}: {status}").into()),
            Ok(_) | Err(_) => {} // without Go, its programs have no version, and are left out
        }
    }
    Ok(())
}

/// Lets programs that have dropped their privileges enter the folder.
fn make_readable(folder: &Path) -> Result<(), Box<dyn Error>> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?)
}

/// Returns the path of a program. A user's `PATH` lacks the folder of the daemons on Debian.
fn find(program: &str) -> String {
    let path = path();
    let candidates = path.split(':').map(|folder| format!("{folder}/{program}"));
    candidates
        .into_iter()
        .find(|candidate| Path::new(candidate).is_file())
        .unwrap_or_else(|| program.to_owned())
}
