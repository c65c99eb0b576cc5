//! A transparency log (C2SP).
