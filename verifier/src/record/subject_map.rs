//! The subject map (主体映射): why nothing can be left out.
//!
//! For each subject the map holds how many entries it has, the newest one's hash, and how many notices of each stage. It
//! is a binary trie over SHA-256 keys, in which an empty subtree is zero and a subtree of one subject is its leaf:
//!
//! ```text
//! key   = SHA-256("mingzhang/subject/v1\n" || subject)
//! value = SHA-256(0x02 || u64be(count) || head || u16be(k) || k × (u8(len) || stage || u64be(n)))
//! leaf  = SHA-256(0x03 || key || value)          node = SHA-256(0x04 || left || right)
//! ```
//!
//! [`MapProof`] is what a light client checks; [`SubjectMap`] is what a replay recomputes.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::code::Stage;
use super::json::{MemberError, Object, Value, type_error};
use crate::log::hash::{Hash, LeafHash, sha256_parts};

/// The most siblings of a map proof: the bits of a key.
pub const MAX_SIBLINGS: usize = 256;

/// The map's key of a subject.
pub fn map_key(subject: &str) -> Hash {
    sha256_parts(&[b"mingzhang/subject/v1\n", subject.as_bytes()])
}

/// SHA-256(0x03 || key || value).
pub fn map_leaf(key: Hash, value: Hash) -> Hash {
    sha256_parts(&[&[3], &key.0, &value.0])
}

/// SHA-256(0x04 || left || right).
pub fn map_node(left: Hash, right: Hash) -> Hash {
    sha256_parts(&[&[4], &left.0, &right.0])
}

/// Bit `depth` of a key, 0 being the most significant.
pub fn key_bit(key: &Hash, depth: usize) -> bool {
    key.0[depth / 8] >> (7 - depth % 8) & 1 == 1
}

/// Notices per stage (环节计数), in the byte order of the stages' codes, none zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(Vec<(Stage, u64)>);

/// What the map holds for one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectState {
    /// Entries so far.
    pub count: u64,
    /// Leaf hash of the newest entry; zero when there is none.
    pub head: LeafHash,
    /// Notices per stage.
    pub tally: Tally,
}

impl Tally {
    /// Notices of a stage.
    pub fn of(&self, stage: Stage) -> u64 {
        self.0.iter().find(|(s, _)| *s == stage).map_or(0, |(_, n)| *n)
    }
    /// The tally of given counts; zeros are dropped, a stage named twice counts once, with its last number.
    pub fn from_counts(counts: impl IntoIterator<Item = (Stage, u64)>) -> Self {
        let mut tally = Self::default();
        for (stage, n) in counts.into_iter().filter(|(_, n)| *n > 0) {
            match tally.0.binary_search_by(|(s, _)| s.code().cmp(stage.code())) {
                Ok(at) => tally.0[at].1 = n,
                Err(at) => tally.0.insert(at, (stage, n)),
            }
        }
        tally
    }
    /// One more notice of a stage.
    pub fn add(&mut self, stage: Stage) {
        match self.0.binary_search_by(|(s, _)| s.code().cmp(stage.code())) {
            Ok(at) => self.0[at].1 += 1,
            Err(at) => self.0.insert(at, (stage, 1)),
        }
    }
    /// Sets the notices of a stage; zero takes the stage out.
    pub fn set(&mut self, stage: Stage, n: u64) {
        match self.0.binary_search_by(|(s, _)| s.code().cmp(stage.code())) {
            Ok(at) if n == 0 => drop(self.0.remove(at)),
            Ok(at) => self.0[at].1 = n,
            Err(_) if n == 0 => {}
            Err(at) => self.0.insert(at, (stage, n)),
        }
    }
    /// Stages with at least one notice, in byte order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = (Stage, u64)> + '_ {
        self.0.iter().copied()
    }
    /// Reads `{"award":1,…}`: known stages, no zero.
    ///
    /// # Errors
    /// An unknown stage, or a count that is not an integer above zero.
    pub fn parse(object: &Object) -> Result<Self, MemberError> {
        let mut tally = Self::default();
        for (name, value) in object.iter() {
            let stage = Stage::parse(name).ok_or_else(|| MemberError::Unknown { name: name.to_owned() })?;
            let n = value.as_number().and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0);
            let n = n.ok_or_else(|| type_error(name, "an integer above 0"))?;
            let at = tally.0.partition_point(|(s, _)| s.code() < stage.code());
            tally.0.insert(at, (stage, n));
        }
        Ok(tally)
    }
}

impl Default for SubjectState {
    fn default() -> Self {
        Self { count: 0, head: LeafHash(Hash::ZERO), tally: Tally::default() }
    }
}

impl SubjectState {
    /// The next entry of the subject, and the stage if it is a notice.
    pub fn push(&mut self, leaf: LeafHash, stage: Option<Stage>) {
        self.count += 1;
        self.head = leaf;
        if let Some(stage) = stage {
            self.tally.add(stage);
        }
    }

    /// The map's value of the subject.
    pub fn value(&self) -> Hash {
        let mut bytes = Vec::with_capacity(160);
        bytes.push(2);
        bytes.extend_from_slice(&self.count.to_be_bytes());
        bytes.extend_from_slice(&self.head.0.0);
        bytes.extend_from_slice(&u16::try_from(self.tally.0.len()).unwrap_or(u16::MAX).to_be_bytes());
        for (stage, n) in self.tally.iter() {
            bytes.push(u8::try_from(stage.code().len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(stage.code().as_bytes());
            bytes.extend_from_slice(&n.to_be_bytes());
        }
        crate::log::hash::sha256(&bytes)
    }
}

/// A proof that the map holds a value for a key, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapProof {
    /// Siblings on the way to the root, deepest first.
    pub siblings: Vec<Hash>,
    /// For non-membership that ends at another subject: its key and value.
    pub other: Option<(Hash, Hash)>,
}

/// Why a map proof is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// More than 256 siblings.
    #[error("a map proof has at most 256 siblings, this one has {found}")]
    TooLong {
        /// Siblings found.
        found: usize,
    },
    /// A membership proof names another subject, or the other subject is not on the way.
    #[error("the map proof's other subject is not one that could stand in this place")]
    Other,
    /// Another root comes out.
    #[error("the map proof leads to {found}, the seal says {expected}")]
    Root {
        /// The seal's.
        expected: Hash,
        /// What the proof leads to.
        found: Hash,
    },
}

impl MapProof {
    /// Reads `{"siblings":["<b64>",…]}`, with `other_key` and `other_value` both or neither.
    ///
    /// # Errors
    /// Another member, a hash that is not canonical base64, only one of the pair.
    pub fn parse(object: &Object) -> Result<Self, MemberError> {
        object.only(&["siblings", "other_key", "other_value"])?;
        let hash = |name: &'static str, text: &str| {
            Hash::parse(text).map_err(|_| type_error(name, "32 bytes in canonical base64"))
        };
        let siblings = object.strings("siblings")?;
        if siblings.len() > MAX_SIBLINGS {
            return Err(type_error("siblings", "at most 256 hashes"));
        }
        let siblings = siblings.into_iter().map(|text| hash("siblings", text)).collect::<Result<_, _>>()?;
        let other = if object.has("other_key") || object.has("other_value") {
            Some((hash("other_key", object.string("other_key")?)?, hash("other_value", object.string("other_value")?)?))
        } else {
            None
        };
        Ok(Self { siblings, other })
    }

    /// The JSON form read by [`MapProof::parse`].
    pub fn format(&self) -> String {
        let siblings: Vec<String> = self.siblings.iter().map(|hash| alloc::format!("\"{hash}\"")).collect();
        let other = self.other.map_or_else(String::new, |(key, value)| {
            alloc::format!(",\"other_key\":\"{key}\",\"other_value\":\"{value}\"")
        });
        alloc::format!("{{\"siblings\":[{}]{other}}}", siblings.join(","))
    }

    /// The map under `root` holds `value` for `key`.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check_member(&self, key: Hash, value: Hash, root: Hash) -> Result<(), MapError> {
        if self.other.is_some() {
            return Err(MapError::Other);
        }
        self.climb(map_leaf(key, value), key, root)
    }

    /// The map under `root` holds nothing for `key`.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check_absent(&self, key: Hash, root: Hash) -> Result<(), MapError> {
        let start = match self.other {
            None => Hash::ZERO,
            Some((other, value)) => {
                let shared = (0..self.siblings.len().min(MAX_SIBLINGS))
                    .all(|depth| key_bit(&key, depth) == key_bit(&other, depth));
                if other == key || !shared {
                    return Err(MapError::Other);
                }
                map_leaf(other, value)
            }
        };
        self.climb(start, key, root)
    }

    fn climb(&self, start: Hash, key: Hash, expected: Hash) -> Result<(), MapError> {
        let depth = self.siblings.len();
        if depth > MAX_SIBLINGS {
            return Err(MapError::TooLong { found: depth });
        }
        let mut found = start;
        for (sibling, depth) in self.siblings.iter().zip((0..depth).rev()) {
            found = if key_bit(&key, depth) { map_node(*sibling, found) } else { map_node(found, *sibling) };
        }
        if found == expected { Ok(()) } else { Err(MapError::Root { expected, found }) }
    }
}

/// The whole map, for whoever replays a ledger. About 110 bytes a subject; a root after k changes costs about k·log₂(n)
/// hashes at most.
#[derive(Clone, Debug, Default)]
pub struct SubjectMap {
    branches: Vec<Branch>,
    leaves: Vec<Leaf>,
    root: Place,
}

/// A node of the map as a proof needs it: whether there is one subject below it or more decides where the proof ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapNode {
    /// No subject: 32 zero bytes.
    #[default]
    Empty,
    /// One subject: its leaf's hash.
    Single(Hash),
    /// More: the node's hash.
    Many(Hash),
}

impl MapNode {
    /// The hash that goes into the node above.
    pub const fn hash(&self) -> Hash {
        match self {
            Self::Empty => Hash::ZERO,
            Self::Single(hash) | Self::Many(hash) => *hash,
        }
    }

    /// The node above two.
    pub fn above(left: Self, right: Self) -> Self {
        match (left, right) {
            (one, Self::Empty) | (Self::Empty, one) if !matches!(one, Self::Many(_)) => one,
            _ => Self::Many(map_node(left.hash(), right.hash())),
        }
    }
}

/// Nothing, a leaf or a branch, as an index into its arena.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Empty,
    Leaf(u32),
    Branch(u32),
}

#[derive(Clone, Debug)]
struct Branch {
    children: [Place; 2],
    /// None while a change below has not been hashed.
    hash: Option<Hash>,
}

#[derive(Clone, Debug)]
struct Leaf {
    key: Hash,
    hash: Hash,
}

impl SubjectMap {
    /// Subjects in the map.
    pub fn len(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// Whether the map is empty.
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// Sets the value of a key.
    pub fn insert(&mut self, key: Hash, value: Hash) {
        let hash = map_leaf(key, value);
        let mut parent: Option<(usize, usize)> = None;
        let mut place = self.root;
        let mut depth = 0;
        while let Place::Branch(at) = place {
            let branch = &mut self.branches[at as usize];
            branch.hash = None;
            let side = usize::from(key_bit(&key, depth));
            parent = Some((at as usize, side));
            place = branch.children[side];
            depth += 1;
        }
        let place = match place {
            Place::Leaf(at) if self.leaves[at as usize].key == key => {
                self.leaves[at as usize].hash = hash;
                return;
            }
            Place::Leaf(at) => self.split(at, key, hash, depth),
            _ => self.new_leaf(key, hash),
        };
        match parent {
            None => self.root = place,
            Some((at, side)) => self.branches[at].children[side] = place,
        }
    }

    fn new_leaf(&mut self, key: Hash, hash: Hash) -> Place {
        self.leaves.push(Leaf { key, hash });
        Place::Leaf(u32::try_from(self.leaves.len() - 1).expect("fewer than 2^32 subjects"))
    }

    /// Two leaves where one was: branches down to the first bit in which their keys differ.
    fn split(&mut self, at: u32, key: Hash, hash: Hash, depth: usize) -> Place {
        let other = self.leaves[at as usize].key;
        let differ =
            (depth..256).find(|d| key_bit(&key, *d) != key_bit(&other, *d)).expect("different keys differ in a bit");
        let leaf = self.new_leaf(key, hash);
        let mut children = [Place::Leaf(at); 2];
        children[usize::from(key_bit(&key, differ))] = leaf;
        let mut place = self.new_branch(children);
        for d in (depth..differ).rev() {
            let mut children = [Place::Empty; 2];
            children[usize::from(key_bit(&key, d))] = place;
            place = self.new_branch(children);
        }
        place
    }

    fn new_branch(&mut self, children: [Place; 2]) -> Place {
        self.branches.push(Branch { children, hash: None });
        Place::Branch(u32::try_from(self.branches.len() - 1).expect("fewer than 2^32 branches"))
    }

    /// The map's root: hashes what changed since the last time.
    pub fn root(&mut self) -> Hash {
        self.hash(self.root)
    }

    /// What stands at `depth` on the way to `key`: nothing, a single subject's leaf (wherever below it belongs), or a node.
    pub fn node(&mut self, key: &Hash, depth: usize) -> MapNode {
        let mut place = self.root;
        for d in 0..depth {
            let Place::Branch(at) = place else { break };
            place = self.branches[at as usize].children[usize::from(key_bit(key, d))];
        }
        match place {
            Place::Leaf(at) if (0..depth).any(|d| key_bit(key, d) != key_bit(&self.leaves[at as usize].key, d)) => {
                MapNode::Empty
            }
            place => self.map_node(place),
        }
    }

    /// The way to a key: the nodes beside it, deepest first, and the key of the one subject where it ends, unless it ends in
    /// nothing.
    pub fn way(&mut self, key: &Hash) -> (Vec<MapNode>, Option<Hash>) {
        let (mut place, mut beside) = (self.root, Vec::new());
        while let Place::Branch(at) = place {
            let children = self.branches[at as usize].children;
            let side = usize::from(key_bit(key, beside.len()));
            beside.push(self.map_node(children[1 - side]));
            place = children[side];
        }
        beside.reverse();
        let end = if let Place::Leaf(at) = place { Some(self.leaves[at as usize].key) } else { None };
        (beside, end)
    }

    /// The proof of what the map holds for a key, or that it holds nothing. `value` gives the value of another key of the map,
    /// of which the map keeps only the leaf.
    pub fn prove(&mut self, key: &Hash, value: impl FnOnce(Hash) -> Hash) -> MapProof {
        let (beside, end) = self.way(key);
        let other = end.filter(|end| end != key).map(|other| (other, value(other)));
        MapProof { siblings: beside.iter().map(MapNode::hash).collect(), other }
    }

    fn map_node(&mut self, place: Place) -> MapNode {
        match place {
            Place::Empty => MapNode::Empty,
            Place::Leaf(at) => MapNode::Single(self.leaves[at as usize].hash),
            Place::Branch(_) => MapNode::Many(self.hash(place)),
        }
    }

    /// At most 256 deep: the bits of a key.
    fn hash(&mut self, place: Place) -> Hash {
        match place {
            Place::Empty => Hash::ZERO,
            Place::Leaf(at) => self.leaves[at as usize].hash,
            Place::Branch(at) => {
                if let Some(hash) = self.branches[at as usize].hash {
                    return hash;
                }
                let [left, right] = self.branches[at as usize].children;
                let hash = map_node(self.hash(left), self.hash(right));
                self.branches[at as usize].hash = Some(hash);
                hash
            }
        }
    }
}

/// Reads a value that must be an object, for proofs inside larger files.
///
/// # Errors
/// The value is not an object.
pub fn as_object<'a>(value: &'a Value, name: &str) -> Result<&'a Object, MemberError> {
    value.as_object().ok_or_else(|| type_error(name, "an object"))
}
