//! What the AWS interface says of the finished AMI: the output of `aws ec2 describe-images` and `describe-snapshots`,
//! which the publisher hands in. Pure reading: nobody is asked for anything here.
//!
//! Fields are those of the EC2 API reference (data types Image, `BlockDeviceMapping`, `EbsBlockDevice`, `ProductCode`,
//! Snapshot). All of them may be missing; unknown ones are passed over.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

/// The one AMI that is judged, with the snapshots that were described beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ami {
    /// Its attributes.
    pub image: Attributes,
    /// Snapshots, of this AMI or others.
    pub snapshots: Vec<Snapshot>,
    /// The files this was read from.
    pub files: Vec<Handed>,
}

/// A file that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// Its name, for people to read.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// One element of `Images`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attributes {
    /// `ami-0123456789abcdef0`.
    pub image_id: Option<String>,
    /// The name it was registered with.
    pub name: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// The account that owns it.
    pub owner_id: Option<String>,
    /// `amazon`, `aws-marketplace` …: only when a well-known account owns it.
    pub image_owner_alias: Option<String>,
    /// `available`, `pending`, `failed` …
    pub state: Option<String>,
    /// Whether everybody may launch it.
    pub public: Option<bool>,
    /// `x86_64`, `arm64`, `i386` …
    pub architecture: Option<String>,
    /// `hvm` or `paravirtual`.
    pub virtualization_type: Option<String>,
    /// `ebs` or `instance-store`.
    pub root_device_type: Option<String>,
    /// Such as `/dev/xvda`.
    pub root_device_name: Option<String>,
    /// `v2.0`, or nothing.
    pub imds_support: Option<String>,
    /// Enhanced networking with the Elastic Network Adapter.
    pub ena_support: Option<bool>,
    /// `simple`, or nothing.
    pub sriov_net_support: Option<String>,
    /// `legacy-bios`, `uefi`, `uefi-preferred`, or nothing.
    pub boot_mode: Option<String>,
    /// `v2.0`, or nothing.
    pub tpm_support: Option<String>,
    /// `Linux/UNIX`, `Red Hat Enterprise Linux`, `SUSE Linux` …
    pub platform_details: Option<String>,
    /// `RunInstances`, `RunInstances:0010` …: what a launch is billed as.
    pub usage_operation: Option<String>,
    /// When it was made, as RFC 3339.
    pub creation_date: Option<String>,
    /// When it is shown no longer, as RFC 3339.
    pub deprecation_time: Option<String>,
    /// Products that are charged for whenever it runs.
    #[serde(default, deserialize_with = "list")]
    pub product_codes: Vec<ProductCode>,
    /// Its volumes.
    #[serde(default, deserialize_with = "list")]
    pub block_device_mappings: Vec<Mapping>,
}

/// A product that is charged for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProductCode {
    /// The code.
    pub product_code_id: Option<String>,
    /// `marketplace` or `devpay`.
    pub product_code_type: Option<String>,
}

/// A volume that a launch gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Mapping {
    /// Such as `/dev/sdf`.
    pub device_name: Option<String>,
    /// `ephemeral0` …: instance store.
    pub virtual_name: Option<String>,
    /// An EBS volume.
    pub ebs: Option<Ebs>,
}

/// How an EBS volume is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Ebs {
    /// The snapshot it is filled from; an empty volume without one.
    pub snapshot_id: Option<String>,
    /// In GiB.
    pub volume_size: Option<u64>,
    /// Whether it is encrypted.
    pub encrypted: Option<bool>,
    /// The key it is encrypted with.
    pub kms_key_id: Option<String>,
    /// Whether it goes when the instance does.
    pub delete_on_termination: Option<bool>,
}

/// One element of `Snapshots`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Snapshot {
    /// `snap-0123456789abcdef0`.
    pub snapshot_id: Option<String>,
    /// Whether it is encrypted.
    pub encrypted: Option<bool>,
    /// Of the volume it was made of, in GiB.
    pub volume_size: Option<u64>,
}

/// Why a file was refused. Displays as one line with the file, what is wrong, and how to make a good one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {why}")]
pub struct Refused {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub why: String,
}

/// The command whose output is wanted, for messages.
pub const COMMAND: &str = "aws ec2 describe-images --region us-east-1 --image-ids ami-ID --output json";

impl Ami {
    /// Puts together what the files hold: exactly one AMI, and any number of snapshots.
    ///
    /// # Errors
    /// When one is neither output, or there are no or several AMIs.
    pub fn read(files: Vec<(Handed, Vec<u8>)>) -> Result<Self, Refused> {
        let (mut image, mut snapshots, mut handed) = (None, Vec::new(), Vec::new());
        for (file, bytes) in files {
            let refused = |why: String| Refused { file: file.name.clone(), why };
            match parse(&bytes).map_err(refused)? {
                Described::Image(_) if image.is_some() => {
                    return Err(refused("an AMI was passed already, and one is judged at a time".to_owned()));
                }
                Described::Image(found) => image = Some(*found),
                Described::Snapshots(found) => snapshots.extend(found),
            }
            handed.push(file);
        }
        match image {
            Some(image) => Ok(Self { image, snapshots, files: handed }),
            None => Err(Refused {
                file: handed.pop().map_or_else(|| "no file".to_owned(), |file| file.name),
                why: format!("snapshots alone say little; pass the output of `{COMMAND}` as well"),
            }),
        }
    }

    /// The volumes that are filled from a snapshot.
    pub fn from_snapshots(&self) -> impl Iterator<Item = (&Mapping, &Ebs)> {
        self.image.volumes().filter(|(_, ebs)| ebs.snapshot_id.is_some())
    }

    /// The description of the snapshot that `ebs` is filled from.
    pub fn snapshot(&self, ebs: &Ebs) -> Option<&Snapshot> {
        let id = ebs.snapshot_id.as_deref()?;
        self.snapshots.iter().find(|snapshot| snapshot.snapshot_id.as_deref() == Some(id))
    }
}

impl Attributes {
    /// The id, for sentences.
    pub fn id(&self) -> &str {
        self.image_id.as_deref().unwrap_or("the AMI")
    }

    /// Whether this is all that `describe-images` says, so that what is missing is not set. What `--query` has cut down
    /// lacks some of what every AMI has.
    pub fn is_whole(&self) -> bool {
        [&self.image_id, &self.architecture, &self.virtualization_type, &self.root_device_type, &self.creation_date]
            .iter()
            .all(|field| field.is_some())
    }

    /// Its EBS volumes.
    pub fn volumes(&self) -> impl Iterator<Item = (&Mapping, &Ebs)> {
        self.block_device_mappings.iter().filter_map(|mapping| Some((mapping, mapping.ebs.as_ref()?)))
    }
}

impl Mapping {
    /// The device name, for sentences.
    pub fn name(&self) -> &str {
        self.device_name.as_deref().unwrap_or("a volume without a name")
    }
}

/// What one file describes.
#[derive(Debug)]
enum Described {
    Image(Box<Attributes>),
    Snapshots(Vec<Snapshot>),
}

/// The shape of an object: which of the names that tell it are there. Takes no memory for what it passes over.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Shape {
    images: Option<Vec<IgnoredAny>>,
    snapshots: Option<IgnoredAny>,
    image_id: Option<IgnoredAny>,
    snapshot_id: Option<IgnoredAny>,
    instance_id: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    #[serde(default, deserialize_with = "list")]
    images: Vec<Attributes>,
    #[serde(default, deserialize_with = "list")]
    snapshots: Vec<Snapshot>,
}

/// Reads the output of either command, or what `--query` took out of it: an object or a list of them. Says on which line
/// it is wrong.
fn parse(bytes: &[u8]) -> Result<Described, String> {
    // Windows PowerShell writes what it redirects as UTF-16; other programs put a mark before UTF-8.
    let text = std::str::from_utf8(bytes).map_err(|_| format!("it is not UTF-8 text; {}", make()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let shapes: Vec<Shape> = objects(text)?;
    let images: usize = shapes.iter().map(Shape::images).sum();
    let snapshots = shapes.iter().any(|shape| shape.snapshots.is_some() || shape.snapshot_id.is_some());
    let wrapped = shapes.iter().any(|shape| shape.images.is_some() || shape.snapshots.is_some());
    match images {
        1 => {
            let image = if wrapped {
                objects::<Output>(text)?.into_iter().find_map(|output| output.images.into_iter().next())
            } else {
                objects(text)?.into_iter().next()
            };
            image.map(|image| Described::Image(Box::new(image))).ok_or_else(none)
        }
        0 if snapshots && wrapped => {
            Ok(Described::Snapshots(objects::<Output>(text)?.into_iter().flat_map(|output| output.snapshots).collect()))
        }
        0 if snapshots => Ok(Described::Snapshots(objects(text)?)),
        0 if wrapped || shapes.is_empty() => Err(none()),
        0 => Err(format!("it describes neither AMIs nor snapshots; {}", make())),
        many => Err(format!("it describes {many} AMIs; name the one you publish: `{COMMAND}`")),
    }
}

impl Shape {
    /// How many AMIs it describes. An instance has an `ImageId` too: that of the AMI it came from.
    fn images(&self) -> usize {
        let bare = self.image_id.is_some() && self.instance_id.is_none();
        self.images.as_ref().map_or(usize::from(bare), Vec::len)
    }
}

/// The object in `text`, or the objects of the list in it.
fn objects<T: for<'de> Deserialize<'de>>(text: &str) -> Result<Vec<T>, String> {
    let objects = match text.trim_start().as_bytes().first() {
        None => return Err(format!("it is empty; {}", make())),
        Some(b'[') => serde_json::from_str(text),
        Some(b'{') => serde_json::from_str(text).map(|object| vec![object]),
        Some(_) => return Err(format!("it is no JSON; {}", make())),
    };
    objects.map_err(|error| {
        let words = error.to_string();
        let words = words.split_once(" at line ").map_or(words.as_str(), |(words, _)| words);
        format!("line {}: {words}; {}", error.line(), make())
    })
}

fn make() -> String {
    format!("make it with `{COMMAND}`")
}

fn none() -> String {
    format!("it describes no AMI; check the id and the Region: `{COMMAND}`")
}

/// A list that may be missing or `null`.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Option::<Vec<T>>::deserialize(from).map(Option::unwrap_or_default)
}

#[cfg(test)]
pub(crate) mod tests;
