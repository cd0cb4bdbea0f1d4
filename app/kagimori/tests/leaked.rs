//! `kagimori leaked` on Shiosai: what it says is what the commands say whose answers it puts together.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};

    use kagimori_testkit::keys;
    use serde_json::Value;

    const KEY: &str = "AKIASHIOSAIXZHOGVYUY";

    fn shiosai() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shiosai")
    }

    fn run(arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_kagimori")).args(arguments).output().unwrap()
    }

    fn json(output: &Output) -> Value {
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// Four answers over ninety days of trail take a minute without optimisation: `KAGIMORI_MATRIX=all` asks for them.
    #[test]
    fn every_figure_is_that_of_the_command_that_it_asks() {
        if std::env::var_os("KAGIMORI_MATRIX").is_none() {
            return;
        }
        let tree = std::env::temp_dir().join(format!("kagimori-leaked-{}", std::process::id()));
        fs::create_dir_all(&tree).unwrap();
        fs::write(tree.join("mail.php"), format!("'key' => '{KEY}',\n'secret' => '{}',\n", keys::secret(1)))
            .unwrap();
        let (dir, page) = (shiosai(), tree.join("page.html"));
        let (dir, tree_text, page_text) =
            (dir.to_str().unwrap(), tree.to_str().unwrap(), page.to_str().unwrap());
        let output = run(&[
            "leaked", KEY, "--dir", dir, "--tree", tree_text, "--days", "3", "--page", page_text, "--format",
            "json",
        ]);
        let case = json(&output);
        assert_eq!(output.status.code(), Some(1), "{case:#}");
        assert_eq!((&case["verdict"], &case["owner"]["user"]), (&"active".into(), &"svc-ferry-web".into()));
        assert_eq!(case["places"][0]["line"], 1);
        assert_eq!(case["places"][0]["now"], true);
        let whatif =
            json(&run(&["whatif", "--key-off", KEY, "--days", "3", "--dir", dir, "--format", "json"]));
        assert_eq!(case["breaks"]["newly_denied"], whatif["totals"]["newly_denied"]);
        let trail = json(&run(&["trail", "key", KEY, "--dir", dir, "--format", "json"]));
        let calls: u64 =
            trail["rows"].as_array().unwrap().iter().map(|row| row["calls"].as_u64().unwrap()).sum();
        assert_eq!(case["did"]["calls"].as_u64(), Some(calls));
        let what_can = json(&run(&["ask", "what-can", "svc-ferry-web", "--dir", dir, "--format", "json"]));
        let could =
            case["could"]["allowed"].as_u64().unwrap() + case["could"]["conditional"].as_u64().unwrap();
        assert_eq!(could, u64::try_from(what_can["actions"].as_array().unwrap().len()).unwrap());
        let markup = fs::read_to_string(&page).unwrap();
        assert!(markup.contains("漏えいしたキー") && markup.contains("svc-ferry-web"));
        let printed = [output.stdout, markup.into_bytes()].concat();
        assert!(!String::from_utf8_lossy(&printed).contains(&keys::secret(1)));
        fs::remove_dir_all(tree).unwrap();
    }

    #[test]
    fn a_secret_in_place_of_the_id_is_not_repeated() {
        let output = run(&["leaked", &keys::secret(2), "--dir", shiosai().to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        let said = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8_lossy(&said).contains(&keys::secret(2)));
    }
}
