//! The files of a log: their names and what is in them, beside the examples of C2SP `tlog-tiles`.

#[cfg(test)]
mod tiles {
    use std::collections::BTreeMap;

    use kagimori_ledger::tile::{ENTRY_MAX, TileError, TileKind, bundle, unbundle};
    use kagimori_ledger::{Hash, Tile, Tree};

    fn count(size: u64) -> BTreeMap<(TileKind, u16), usize> {
        let mut counts = BTreeMap::new();
        for tile in Tile::all(size) {
            *counts.entry((tile.kind(), tile.width())).or_default() += 1;
        }
        counts
    }

    #[test]
    fn a_log_has_the_tiles_of_the_standards_examples() {
        use TileKind::{Entries, Hashes};
        assert_eq!(count(0), BTreeMap::new());
        assert_eq!(count(256), [((Hashes(0), 256), 1), ((Hashes(1), 1), 1), ((Entries, 256), 1)].into());
        assert_eq!(
            count(70_000),
            [
                ((Hashes(0), 256), 273),
                ((Hashes(0), 112), 1),
                ((Hashes(1), 256), 1),
                ((Hashes(1), 17), 1),
                ((Hashes(2), 1), 1),
                ((Entries, 256), 273),
                ((Entries, 112), 1),
            ]
            .into()
        );
    }

    #[test]
    fn a_tile_has_one_name() {
        let last = Tile::all(1_234_068 * 256).find(|tile| tile.index() == 1_234_067).unwrap();
        assert_eq!(last.to_string(), "tile/0/x001/x234/067");
        for text in [
            "tile/0/x001/x234/067",
            "tile/0/000",
            "tile/1/999.p/255",
            "tile/63/x001/000",
            "tile/entries/000.p/1",
        ] {
            assert_eq!(text.parse::<Tile>().unwrap().to_string(), text);
        }
        for tile in Tile::all(300_000) {
            assert_eq!(tile.to_string().parse(), Ok(tile));
        }
        for text in [
            "",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x001/x000",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/entry/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "/tile/0/000",
            "tile/0/000/",
            "tile/0/+01",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
        ] {
            assert_eq!(text.parse::<Tile>(), Err(TileError::Path(text.to_owned())));
        }
    }

    /// From the tiles of the hashes alone the root is the tree's.
    #[test]
    fn tiles_hold_what_the_tree_holds() {
        let mut tree = Tree::new();
        for number in 0..70_000_u32 {
            tree.append(Hash::leaf(&number.to_be_bytes()));
        }
        let hashes = |level: u8| -> Vec<Hash> {
            Tile::all(tree.size())
                .filter(|tile| tile.kind() == TileKind::Hashes(level))
                .flat_map(|tile| tree.tile(&tile).unwrap())
                .collect()
        };
        for level in 0..2 {
            let above = hashes(level + 1);
            for (place, chunk) in hashes(level).chunks_exact(256).enumerate() {
                let mut small = Tree::new();
                chunk.iter().for_each(|hash| small.append(*hash));
                assert_eq!(small.root_at(256), Ok(above[place]), "level {level}, {place}");
            }
        }
        let larger = Tile::all(70_001).find(|tile| tile.width() == 113).unwrap();
        assert_eq!(tree.tile(&larger), None);
        assert_eq!(tree.tile(&Tile::all(1).last().unwrap()), None, "entries are no hashes");
    }

    #[test]
    fn entries_come_out_as_they_went_in() {
        let long = vec![7; ENTRY_MAX];
        let entries: [&[u8]; 4] = [b"", b"one", &long, b"\x00\x05"];
        let bytes = bundle(entries).unwrap();
        assert_eq!(&bytes[..7], b"\x00\x00\x00\x03one");
        assert_eq!(unbundle(&bytes).unwrap(), entries);
        for end in [1, 3, 6, bytes.len() - 1] {
            assert!(matches!(unbundle(&bytes[..end]), Err(TileError::Torn(_))), "{end}");
        }
        let longer = vec![7; ENTRY_MAX + 1];
        assert_eq!(bundle([longer.as_slice()]), Err(TileError::EntryTooLong(ENTRY_MAX + 1)));
    }
}
