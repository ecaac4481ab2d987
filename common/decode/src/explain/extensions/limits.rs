//! Extensions with sizes or a single value: record_size_limit, padding, renegotiation_info.

use tls_session::bytes::Bytes;

use crate::explain::field_reader::{FieldReader, Meaning, Step, about};
use crate::explain::shown;

pub(super) fn record_size_limit(r: &mut FieldReader<'_>) -> Step {
    let says = "The limit of the plaintext. In TLS 1.3 the encrypted type counts as well.";
    r.u16(about("record_size_limit", says, ""), |limit| Bytes(limit).to_string()).map(drop)
}

pub(super) fn padding(r: &mut FieldReader<'_>) -> Step {
    if r.is_empty() {
        return Ok(());
    }
    r.rest("padding", |bytes| {
        let zeros = if bytes.iter().all(|byte| *byte == 0) { "zeros" } else { "bytes, not all of them zero" };
        format!("{} {zeros}", bytes.len())
    })
    .map(drop)
}

pub(super) fn renegotiation_info(r: &mut FieldReader<'_>) -> Step {
    r.opaque(1, "renegotiated_connection", |bytes: &[u8]| match bytes {
        [] => Meaning {
            value: "empty".to_owned(),
            says: "This is the first handshake of the connection.".into(),
            rfc: "",
        },
        _ => shown::hex(bytes).into(),
    })
    .map(drop)
}
