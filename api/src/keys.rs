//! `keygen`, and keys given as a file or as a public JWK.

use std::path::Path;

use ledger::PrivateKey;
use ledger::signer::is_exposed;
use serde_json::json;
use verifier::record::json;
use verifier::record::statement::Jwk;

use crate::args::Keygen;
use crate::failure::Failure;
use crate::output::{Output, read};

/// Makes a key file, or reads the one that is there, and prints its public half.
pub(crate) fn keygen(arguments: &Keygen, output: Output) -> Result<u8, Failure> {
    let file = &arguments.file;
    let made = !file.exists();
    let key = if made {
        let key = PrivateKey::generate()?;
        key.write(file)?;
        key
    } else {
        load(file, output)?
    };
    let (kid, jwk) = (key.jwk().kid_text(), key.jwk().format());
    let said = if made {
        output.pick("已生成密钥（仅所有者可读）", "made a key, readable by its owner alone")
    } else {
        output.pick("已有密钥，未改动", "the key is there already; nothing was changed")
    };
    let public = json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": verifier::log::base64::encode_url(key.jwk().key.as_bytes()) });
    output.print(
        &format!("{said}: {}\nkid {kid}\n{jwk}", file.display()),
        &json!({ "file": file, "made": made, "kid": kid, "jwk": public }),
    );
    Ok(0)
}

/// Reads a private key and warns if others can read it too.
pub(crate) fn load(path: &Path, output: Output) -> Result<PrivateKey, Failure> {
    let key = PrivateKey::read(path)?;
    if is_exposed(path) {
        eprintln!(
            "{}: {}",
            path.display(),
            output.pick(
                "警告：其他用户可读取此密钥，请执行 chmod 600",
                "warning: others can read this key; chmod 600 it"
            )
        );
    }
    Ok(key)
}

/// Reads a public key from a key file (private or public JWK, PKCS#8) or from a JWK given as the argument itself.
pub(crate) fn public(argument: &str, output: Output) -> Result<Jwk, Failure> {
    let text = if argument.trim_start().starts_with('{') {
        argument.to_owned()
    } else {
        public_text(Path::new(argument), output)?
    };
    // What was typed may be a private key: it is not said again.
    let what = if argument.trim_start().starts_with('{') { "--key" } else { argument };
    let refused = || {
        Failure::said(
            format_args!("{what}：应为密钥文件或公钥 JWK {{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":…}}"),
            format_args!("{what}: expected a key file or a public JWK {{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":…}}"),
        )
    };
    let object = json::parse_object(&text).map_err(|_| refused())?;
    let x = object.string("x").map_err(|_| refused())?;
    let kind = (object.string("kty"), object.string("crv"));
    if kind != (Ok("OKP"), Ok("Ed25519")) || object.has("d") && !Path::new(argument).exists() {
        return Err(refused());
    }
    let minimal = format!("{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"{x}\"}}");
    json::parse_object(&minimal).ok().and_then(|object| Jwk::parse(&object).ok()).ok_or_else(refused)
}

/// The public JWK of a key file, whatever its form.
fn public_text(path: &Path, output: Output) -> Result<String, Failure> {
    match PrivateKey::read(path) {
        Ok(_) => Ok(load(path, output)?.jwk().format()),
        Err(error @ ledger::SignerError::File { .. }) => Err(error.into()),
        Err(_) => read(path),
    }
}
