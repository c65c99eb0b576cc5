//! Scripts composed of the portal's modules: each module stands in a function of its own, after those it imports, so that one
//! file holds all a page needs and its hash names all of it. The modules are ECMAScript as browsers and Node run it; what is
//! asked of them here is that an import or an export is one line, and names what it takes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

macro_rules! modules {
    ($($path:literal)+) => { &[$(($path, include_str!(concat!("../../portal/", $path)))),+] };
}

/// Every module by its path, which is also its address within an `import`.
const MODULES: &[(&str, &str)] = modules! {
    "verifier/authority.js" "verifier/authority_change.js" "verifier/base64.js" "verifier/bytes.js" "verifier/checkpoint.js"
    "verifier/code.js" "verifier/cosignature.js" "verifier/decimal.js" "verifier/digest.js" "verifier/disclosure.js"
    "verifier/dossier.js" "verifier/dossier_file.js" "verifier/entry.js" "verifier/fault.js" "verifier/hash.js"
    "verifier/instant.js" "verifier/json.js" "verifier/jwk.js" "verifier/key.js" "verifier/law.js" "verifier/links.js"
    "verifier/member.js" "verifier/note.js" "verifier/notice.js" "verifier/owed.js" "verifier/policy.js"
    "verifier/policy_check.js" "verifier/proof.js" "verifier/quorum.js" "verifier/receipt.js" "verifier/statement.js"
    "verifier/steps.js" "verifier/subject.js" "verifier/subject_map.js" "verifier/support.js" "verifier/tlog_proof.js"
    "verifier/verify.js" "verifier/vkey.js"
    "publish/draft.js" "publish/key.js" "publish/page.js" "publish/signing.js"
    "verify/dom.js" "verify/language.js" "verify/offline.js" "verify/page.js" "verify/steps_view.js" "verify/verdict_view.js"
};

/// Whether comments stand in a script: for a reader of the file, not for a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comments {
    Kept,
    LeftOut,
}

/// The script that a module and all it imports make: a module itself, with the exports of the first.
pub(super) fn compose(module: &str, comments: Comments) -> String {
    let mut script = String::from("'use strict';\n");
    let exports = add(module, comments, &mut BTreeSet::new(), &mut script);
    if !exports.is_empty() {
        let _ = writeln!(script, "export const {{ {} }} = {};", exports.join(", "), variable(module));
    }
    script
}

/// Whether a line is of a comment. A line of code never begins so here.
fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("/*") || line.starts_with('*') || line.starts_with("//")
}

/// Adds a module after those it imports, each once; the names it exports.
fn add(path: &str, comments: Comments, added: &mut BTreeSet<String>, script: &mut String) -> Vec<&'static str> {
    if !added.insert(path.to_owned()) {
        return Vec::new();
    }
    let (_, source) = MODULES.iter().find(|(known, _)| *known == path).expect("an import names a module of the portal");
    let (mut body, mut exports) = (String::new(), Vec::new());
    for line in source.lines() {
        if let Some((names, from)) = import(line) {
            let from = resolve(path, from);
            add(&from, comments, added, script);
            let _ = writeln!(body, "const {{ {names} }} = {};", variable(&from));
        } else if let Some(declaration) = line.strip_prefix("export ") {
            exports.push(declared(declaration));
            let _ = writeln!(body, "{declaration}");
        } else if comments == Comments::Kept || !is_comment(line) {
            let _ = writeln!(body, "{line}");
        }
    }
    let (variable, names) = (variable(path), exports.join(", "));
    let _ = writeln!(script, "const {variable} = (() => {{ // {path}\n{body}return {{ {names} }};\n}})();");
    exports
}

/// The names and the address of `import { a, b } from './c.js';`.
fn import(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("import { ")?.strip_suffix("';")?.split_once(" } from '")
}

/// The path of `./c.js` or `../d/c.js` as it stands in a module.
fn resolve(module: &str, address: &str) -> String {
    let folder = module.rsplit_once('/').map_or("", |(folder, _)| folder);
    match address.strip_prefix("./") {
        Some(beside) => format!("{folder}/{beside}"),
        None => address.trim_start_matches("../").to_owned(),
    }
}

/// The name of `async function name(`, `class Name {` or `const NAME = `.
fn declared(declaration: &str) -> &str {
    let words = declaration.strip_prefix("async ").unwrap_or(declaration);
    let name = words.split_once(' ').map_or("", |(_, rest)| rest);
    name.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default()
}

/// What a module's exports are called in the script.
fn variable(path: &str) -> String {
    path.trim_end_matches(".js").replace(['/', '.'], "$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_and_exports_are_written_as_they_are_composed() {
        for (path, source) in MODULES {
            for line in source.lines() {
                assert_eq!(line.starts_with("import"), import(line).is_some(), "{path}: {line}");
                if let Some(declaration) = line.strip_prefix("export ") {
                    let kinds = ["async function ", "function ", "class ", "const "];
                    assert!(kinds.iter().any(|kind| declaration.starts_with(kind)), "{path}: {line}");
                    assert!(!declared(declaration).is_empty(), "{path}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_script_holds_every_module_once_after_those_it_imports() {
        let script = compose("verifier/verify.js", Comments::LeftOut);
        assert!(!script.contains("@module") && compose("verifier/verify.js", Comments::Kept).contains("@module"));
        let exports: Vec<&str> = script.lines().filter(|line| line.starts_with("export ")).collect();
        assert_eq!(exports, ["export const { MAX_AGE, verify, kindOf } = verifier$verify;"]);
        assert!(!script.lines().any(|line| line.starts_with("import ")));
        let at = |path: &str| script.find(&format!("=> {{ // {path}\n")).unwrap();
        assert!(at("verifier/fault.js") < at("verifier/json.js"));
        assert!(at("verifier/dossier.js") < at("verifier/verify.js"));
        assert_eq!(script.matches("// verifier/fault.js\n").count(), 1);
    }
}
