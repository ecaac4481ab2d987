//! HKDF of TLS 1.3 (RFC 5869; RFC 8446, 7.1), with the modules `hashlib` and `hmac` of Python.

use decode::schedule::{HashAlgorithm, Input, Key};

use super::Inputs;
use super::program::{Program, hash_name, variable};

/// Returns the command of HKDF-Extract.
pub(super) fn extract(
    algorithm: HashAlgorithm,
    salt: Input,
    secret: Input,
    inputs: &Inputs<'_>,
) -> Option<String> {
    let hash = hash_name(algorithm);
    let derives = [salt, secret].iter().any(|input| matches!(input, Input::Derived(_)));
    let program = if derives { with_expand_label(algorithm) } else { Program::new("import hmac") };
    let (program, salt) = input(program, "salt", salt, algorithm, inputs)?;
    let (program, secret) = input(program, "secret", secret, algorithm, inputs)?;
    let program =
        program.line(format_args!("print(hmac.digest({salt}, {secret}, \"{hash}\").hex())  # HKDF-Extract"));
    Some(program.command())
}

/// Assigns an input of HKDF-Extract to a variable. Returns its name: `name`, or that of a key.
fn input(
    program: Program,
    name: &'static str,
    input: Input,
    algorithm: HashAlgorithm,
    inputs: &Inputs<'_>,
) -> Option<(Program, &'static str)> {
    let (hash, length) = (hash_name(algorithm), algorithm.length());
    Some(match input {
        Input::Zeros => (program.line(format_args!("{name} = bytes({length})  # zeros")), name),
        Input::Key(key) => (program.bytes(variable(key), inputs.value(key)?), variable(key)),
        Input::Derived(key) => {
            let from = variable(key);
            let program = program.bytes(from, inputs.value(key)?).line(format_args!(
                "{name} = expand_label({from}, b\"derived\", hashlib.{hash}(b\"\").digest(), {length})"
            ));
            (program, name)
        }
    })
}

/// Returns the command of HKDF-Expand-Label. `context` is the name of its context and the bytes; `None` if it is empty.
pub(super) fn expand_label(
    algorithm: HashAlgorithm,
    from: Key,
    label: &'static str,
    context: Option<(&'static str, &[u8])>,
    length: usize,
    inputs: &Inputs<'_>,
) -> Option<String> {
    let secret = variable(from);
    let program = with_expand_label(algorithm).bytes(secret, inputs.value(from)?);
    let (program, context) = match context {
        Some((name, bytes)) => (program.bytes(name, bytes), name),
        None => (program, "b\"\""),
    };
    let program =
        program.line(format_args!("print(expand_label({secret}, b\"{label}\", {context}, {length}).hex())"));
    Some(program.command())
}

/// Returns the command that prints the key and the IV of a traffic secret.
pub(super) fn traffic_keys(
    algorithm: HashAlgorithm,
    from: Key,
    key: usize,
    iv: usize,
    inputs: &Inputs<'_>,
) -> Option<String> {
    let variable = variable(from);
    let program = with_expand_label(algorithm)
        .bytes(variable, inputs.value(from)?)
        .line(format_args!("print(expand_label({variable}, b\"key\", b\"\", {key}).hex())"))
        .line(format_args!("print(expand_label({variable}, b\"iv\", b\"\", {iv}).hex())"));
    Some(program.command())
}

/// Returns the command of the HMAC in Finished and in a binder.
pub(super) fn verify_data(
    algorithm: HashAlgorithm,
    key: Key,
    transcript_hash: &[u8],
    inputs: &Inputs<'_>,
) -> Option<String> {
    let (hash, variable) = (hash_name(algorithm), variable(key));
    let program = Program::new("import hmac")
        .bytes(variable, inputs.value(key)?)
        .bytes("transcript_hash", transcript_hash)
        .line(format_args!("print(hmac.digest({variable}, transcript_hash, \"{hash}\").hex())"));
    Some(program.command())
}

/// Begins a program with the function HKDF-Expand-Label. Its results are never longer than the hash, so they need only the
/// first block of HKDF-Expand (RFC 5869, 2.3).
fn with_expand_label(algorithm: HashAlgorithm) -> Program {
    let hash = hash_name(algorithm);
    Program::new("import hashlib, hmac")
        .line("def expand_label(secret, label, context, length):  # RFC 8446, 7.1")
        .line("    label = b\"tls13 \" + label")
        .line("    info = length.to_bytes(2, \"big\")  # struct HkdfLabel: length, label, context")
        .line("    info += bytes([len(label)]) + label + bytes([len(context)]) + context")
        .line(format_args!(
            "    return hmac.digest(secret, info + b\"\\x01\", \"{hash}\")[:length]  # HKDF-Expand, block 1"
        ))
        .line("")
}
