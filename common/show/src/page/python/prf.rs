//! The PRF of TLS 1.2 (RFC 5246, 5), with the module `hmac` of Python.

use std::ops::Range;

use decode::schedule::{HashAlgorithm, Key};

use super::Inputs;
use super::program::{Program, hash_name, variable};

/// The parts of a seed, with their names.
pub(super) type Seeds<'a> = [(&'static str, &'a [u8])];

/// Returns the command of the PRF.
pub(super) fn prf(
    algorithm: HashAlgorithm,
    from: Key,
    label: &'static str,
    seed: &Seeds<'_>,
    length: usize,
    inputs: &Inputs<'_>,
) -> Option<String> {
    let (hash, variable) = (hash_name(algorithm), variable(from));
    let program = Program::new("import hmac")
        .line("def prf(secret, label, seed, length):  # RFC 5246, 5")
        .line("    a = seed = label + seed")
        .line("    output = b\"\"")
        .line("    while len(output) < length:")
        .line(format_args!("        a = hmac.digest(secret, a, \"{hash}\")  # A(i) = HMAC(secret, A(i - 1))"))
        .line(format_args!("        output += hmac.digest(secret, a + seed, \"{hash}\")"))
        .line("    return output[:length]")
        .line("")
        .bytes(variable, inputs.value(from)?);
    let program = seed.iter().fold(program, |program, (name, bytes)| program.bytes(name, bytes));
    let seed: Vec<&str> = seed.iter().map(|(name, _)| *name).collect();
    let seed = seed.join(" + ");
    let program = program.line(format_args!("print(prf({variable}, b\"{label}\", {seed}, {length}).hex())"));
    Some(program.command())
}

/// Returns the command that cuts the key and the IV out of the key block.
pub(super) fn cut(from: Key, key: &Range<usize>, iv: &Range<usize>, inputs: &Inputs<'_>) -> Option<String> {
    let variable = variable(from);
    let slice = |range: &Range<usize>| format!("print({variable}[{}:{}].hex())", range.start, range.end);
    let program = Program::default().bytes(variable, inputs.value(from)?).line(slice(key)).line(slice(iv));
    Some(program.command())
}
