//! The tree beside the vectors of Certificate Transparency's own tests, and beside RFC 6962 written down as it reads.

#[cfg(test)]
mod tree {
    use kagimori_ledger::proof::{ProofError, consistency, inclusion};
    use kagimori_ledger::tree::TreeError;
    use kagimori_ledger::{Frontier, Hash, Tree};
    use proptest::prelude::*;

    /// The inputs of certificate-transparency-go's and trillian's tests.
    const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];

    /// The roots of the first none, one, two … of them.
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn told(hashes: &[Hash]) -> Vec<String> {
        hashes.iter().map(ToString::to_string).collect()
    }

    fn grown(leaves: impl IntoIterator<Item = Hash>) -> (Frontier, Tree) {
        let (mut frontier, mut tree) = (Frontier::new(), Tree::new());
        for leaf in leaves {
            frontier.append(leaf);
            tree.append(leaf);
        }
        (frontier, tree)
    }

    /// Leaves that all differ.
    fn numbered(count: u64) -> Vec<Hash> {
        (0..count).map(|number| Hash::leaf(&number.to_be_bytes())).collect()
    }

    /// MTH(D) of RFC 6962 §2.1.
    fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::empty(),
            [leaf] => *leaf,
            leaves => {
                let (left, right) = leaves.split_at(below(leaves.len()));
                Hash::node(&root(left), &root(right))
            }
        }
    }

    /// PATH(m, D) of RFC 6962 §2.1.1.
    fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(below(leaves.len()));
        let (mut path, sibling) = if index < left.len() {
            (path(index, left), root(right))
        } else {
            (path(index - left.len(), right), root(left))
        };
        path.push(sibling);
        path
    }

    /// SUBPROOF(m, D, b) of RFC 6962 §2.1.2.
    fn subproof(old: usize, leaves: &[Hash], is_known: bool) -> Vec<Hash> {
        if old == leaves.len() {
            return if is_known { Vec::new() } else { vec![root(leaves)] };
        }
        let (left, right) = leaves.split_at(below(leaves.len()));
        let (mut proof, other) = if old <= left.len() {
            (subproof(old, left, is_known), root(right))
        } else {
            (subproof(old - left.len(), right, false), root(left))
        };
        proof.push(other);
        proof
    }

    /// The largest power of two below a number, counted up.
    fn below(count: usize) -> usize {
        let mut power = 1;
        while power * 2 < count {
            power *= 2;
        }
        power
    }

    #[test]
    fn the_roots_are_those_of_certificate_transparency() {
        for (size, expected) in ROOTS.iter().enumerate() {
            let (frontier, tree) = grown(LEAVES.iter().take(size).map(|entry| Hash::leaf(entry)));
            assert_eq!(frontier.root().to_string(), *expected, "{size}");
            assert_eq!(tree.root_at(size as u64).unwrap().to_string(), *expected, "{size}");
        }
    }

    #[test]
    fn the_proofs_are_those_of_certificate_transparency() {
        let (_, tree) = grown(LEAVES.iter().map(|entry| Hash::leaf(entry)));
        assert_eq!(
            told(&tree.inclusion(0, 8).unwrap()),
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ]
        );
        assert_eq!(
            told(&tree.inclusion(5, 8).unwrap()),
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        );
        assert_eq!(
            told(&tree.consistency(6, 8).unwrap()),
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        );
        assert_eq!(
            told(&tree.consistency(2, 5).unwrap()),
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ]
        );
    }

    #[test]
    fn every_root_and_proof_up_to_seventy_leaves_is_the_one_of_the_rfc() {
        let leaves = numbered(70);
        let (_, tree) = grown(leaves.iter().copied());
        let mut frontier = Frontier::new();
        for size in 0..=leaves.len() {
            let held = &leaves[..size];
            let stored = Frontier::from_parts(frontier.size(), frontier.subtrees().to_vec());
            assert_eq!(stored.as_ref().map(Frontier::root), Ok(root(held)));
            let root_then = tree.root_at(size as u64).unwrap();
            assert_eq!(root_then, root(held));
            for (index, leaf) in held.iter().enumerate() {
                let proof = tree.inclusion(index as u64, size as u64).unwrap();
                assert_eq!(proof, path(index, held), "{index} of {size}");
                assert_eq!(inclusion(leaf, index as u64, size as u64, &proof, &root_then), Ok(()));
            }
            for old in 0..=size {
                let proof = tree.consistency(old as u64, size as u64).unwrap();
                let expected = if old == 0 { Vec::new() } else { subproof(old, held, true) };
                assert_eq!(proof, expected, "{old} of {size}");
                let before = root(&leaves[..old]);
                assert_eq!(consistency((old as u64, &before), (size as u64, &root_then), &proof), Ok(()));
            }
            frontier.append(leaves.get(size).copied().unwrap_or_else(Hash::empty));
        }
    }

    /// How many, when the one who runs the test says so.
    #[expect(clippy::disallowed_methods, reason = "a test asks how long it may take")]
    fn asked_for(name: &str, otherwise: u64) -> u64 {
        std::env::var(name).ok().and_then(|count| count.parse().ok()).unwrap_or(otherwise)
    }

    /// RFC 6962's three functions, each subtree's hash worked out once: what makes a thousand leaves bearable.
    struct Plain {
        leaves: Vec<Hash>,
        known: std::collections::BTreeMap<(usize, usize), Hash>,
    }

    impl Plain {
        fn root(&mut self, from: usize, until: usize) -> Hash {
            if let Some(known) = self.known.get(&(from, until)) {
                return *known;
            }
            let root = match until - from {
                0 => Hash::empty(),
                1 => self.leaves[from],
                count => {
                    let middle = from + below(count);
                    Hash::node(&self.root(from, middle), &self.root(middle, until))
                }
            };
            self.known.insert((from, until), root);
            root
        }

        fn path(&mut self, index: usize, from: usize, until: usize) -> Vec<Hash> {
            if until - from == 1 {
                return Vec::new();
            }
            let middle = from + below(until - from);
            let (mut path, sibling) = if index < middle {
                (self.path(index, from, middle), self.root(middle, until))
            } else {
                (self.path(index, middle, until), self.root(from, middle))
            };
            path.push(sibling);
            path
        }

        fn subproof(&mut self, old: usize, from: usize, until: usize, is_known: bool) -> Vec<Hash> {
            if old == until {
                return if is_known { Vec::new() } else { vec![self.root(from, until)] };
            }
            let middle = from + below(until - from);
            let (mut proof, other) = if old <= middle {
                (self.subproof(old, from, middle, is_known), self.root(middle, until))
            } else {
                (self.subproof(old, middle, until, false), self.root(from, middle))
            };
            proof.push(other);
            proof
        }
    }

    /// All (i, n) and (m, n) up to `KAGIMORI_PROOFS`, 100 unless told otherwise; `scripts/check-ledger` asks for 1,024.
    #[test]
    fn every_proof_is_the_one_of_the_rfc() {
        let most = asked_for("KAGIMORI_PROOFS", 100);
        let leaves = numbered(most);
        let (_, tree) = grown(leaves.iter().copied());
        let mut plain = Plain { leaves, known: std::collections::BTreeMap::new() };
        let mut count = 0_u64;
        for size in 0..=most {
            let (all, root) = (size as usize, plain.root(0, size as usize));
            for index in 0..size {
                let proof = tree.inclusion(index, size).unwrap();
                assert_eq!(proof, plain.path(index as usize, 0, all), "{index} of {size}");
                assert_eq!(inclusion(&plain.leaves[index as usize], index, size, &proof, &root), Ok(()));
                count += 1;
            }
            for old in 0..=size {
                let proof = tree.consistency(old, size).unwrap();
                let expected = if old == 0 { Vec::new() } else { plain.subproof(old as usize, 0, all, true) };
                assert_eq!(proof, expected, "{old} of {size}");
                let before = plain.root(0, old as usize);
                assert_eq!(consistency((old, &before), (size, &root), &proof), Ok(()));
                count += 1;
            }
        }
        assert_eq!(count, (most + 1) * (most + 1), "inclusion n(n+1)/2, consistency (n+1)(n+2)/2");
    }

    /// Every way to alter a proof by one hash.
    fn altered(proof: &[Hash]) -> Vec<Vec<Hash>> {
        let other = Hash::leaf(b"another");
        let mut all = vec![[proof, &[other]].concat(), [&[other], proof].concat()];
        for place in 0..proof.len() {
            let (before, rest) = proof.split_at(place);
            all.push([before, &rest[1..]].concat());
            all.push([before, &[other], &rest[1..]].concat());
            if let [first, second, after @ ..] = rest {
                all.push([before, &[*second, *first], after].concat());
            }
        }
        all
    }

    #[test]
    fn an_altered_proof_shows_nothing() {
        let leaves = numbered(33);
        let (_, tree) = grown(leaves.iter().copied());
        for size in 1..=leaves.len() as u64 {
            let root = tree.root_at(size).unwrap();
            for index in 0..size {
                let (leaf, proof) = (&leaves[index as usize], tree.inclusion(index, size).unwrap());
                for altered in altered(&proof) {
                    assert!(inclusion(leaf, index, size, &altered, &root).is_err(), "{index} of {size}");
                }
                for other in (0..size).filter(|other| *other != index) {
                    assert!(
                        inclusion(leaf, other, size, &proof, &root).is_err(),
                        "{index} as {other} of {size}"
                    );
                }
                assert_eq!(
                    inclusion(&Hash::leaf(b"another"), index, size, &proof, &root),
                    Err(ProofError::OtherRoot)
                );
            }
            for old in 1..=size {
                let (before, proof) = (tree.root_at(old).unwrap(), tree.consistency(old, size).unwrap());
                for altered in altered(&proof) {
                    assert!(consistency((old, &before), (size, &root), &altered).is_err(), "{old} of {size}");
                }
                let other = Hash::leaf(b"another");
                for (before, root) in [(&other, &root), (&before, &other)] {
                    assert_eq!(consistency((old, before), (size, root), &proof), Err(ProofError::OtherRoot));
                }
            }
        }
    }

    #[test]
    fn what_a_tree_does_not_hold_is_said() {
        let (_, tree) = grown(numbered(3));
        let never = TreeError::NeverSoLarge { asked: 4, size: 3 };
        assert_eq!(tree.root_at(4), Err(never.clone()));
        assert_eq!(tree.inclusion(0, 4), Err(never.clone()));
        assert_eq!(tree.consistency(1, 4), Err(never));
        assert_eq!(tree.inclusion(2, 2), Err(TreeError::NoSuchLeaf { index: 2, size: 2 }));
        assert_eq!(tree.consistency(3, 2), Err(TreeError::Shrunk { old: 3, new: 2 }));
        let hash = Hash::empty();
        assert_eq!(inclusion(&hash, 0, 0, &[], &hash), Err(ProofError::NoSuchLeaf { index: 0, size: 0 }));
        assert_eq!(consistency((2, &hash), (1, &hash), &[]), Err(ProofError::Shrunk { old: 2, new: 1 }));
        assert_eq!(consistency((3, &hash), (4, &hash), &[]), Err(ProofError::Length));
        let other = Hash::leaf(b"");
        assert_eq!(consistency((0, &other), (4, &hash), &[]), Err(ProofError::OtherRoot));
        assert_eq!(consistency((4, &other), (4, &hash), &[]), Err(ProofError::OtherRoot));
        let stored = Frontier::from_parts(3, vec![hash]).unwrap_err();
        assert_eq!(stored.to_string(), "a tree of 3 leaves has an edge of 2 hashes, and 1 were stored");
    }

    /// Sizes that no computer holds: no sum or shift goes over the edge.
    #[test]
    fn the_largest_sizes_are_refused_and_nothing_breaks() {
        let hash = Hash::leaf(b"");
        let proof = vec![hash; 64];
        for size in [u64::MAX, 1 << 63, (1 << 63) + 1] {
            for index in [0, 1, 1 << 62, size - 2, size - 1] {
                for length in [0, 1, 62, 63, 64] {
                    assert!(inclusion(&hash, index, size, &proof[..length], &hash).is_err());
                    assert!(consistency((index, &hash), (size, &hash), &proof[..length]).is_err());
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn larger_trees_are_those_of_the_rfc(size in 1_u64..600, place in any::<prop::sample::Index>(), old in any::<prop::sample::Index>()) {
            let leaves = numbered(size);
            let (frontier, tree) = grown(leaves.iter().copied());
            let (index, old) = (place.index(leaves.len()), old.index(leaves.len()) + 1);
            prop_assert_eq!(frontier.root(), root(&leaves));
            prop_assert_eq!(frontier.subtrees().len(), size.count_ones() as usize);
            let proof = tree.inclusion(index as u64, size).unwrap();
            prop_assert_eq!(&proof, &path(index, &leaves));
            prop_assert_eq!(inclusion(&leaves[index], index as u64, size, &proof, &frontier.root()), Ok(()));
            let proof = tree.consistency(old as u64, size).unwrap();
            prop_assert_eq!(&proof, &subproof(old, &leaves, true));
            let before = tree.root_at(old as u64).unwrap();
            prop_assert_eq!(consistency((old as u64, &before), (size, &frontier.root()), &proof), Ok(()));
        }
    }
}
