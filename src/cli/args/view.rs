//! The arguments of `report render`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};

use super::Format;
use crate::report::view::{VIEWS, View};

#[derive(Debug, Args)]
pub(in crate::cli) struct RenderArgs {
    /// report.json
    pub(in crate::cli) file: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) view: ViewArg,
    /// The file to write; without it, standard output
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Replace a file that is already there
    #[arg(long, short)]
    pub(in crate::cli) yes: bool,
}

/// `--format` of this one subcommand, which names a view. It takes the place of the flag that every other subcommand
/// knows by that name, so its parsed value is of that one's type, and the view is read from the text as typed.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct ViewArg(pub(in crate::cli) View);

const NAME: &str = "format";

impl FromArgMatches for ViewArg {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let typed = matches.get_raw(NAME).and_then(|mut values| values.next()).unwrap_or_default();
        let view = VIEWS.iter().find(|(name, _)| typed == *name);
        view.map(|(_, view)| Self(*view)).ok_or_else(|| Error::new(clap::error::ErrorKind::MissingRequiredArgument))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for ViewArg {
    fn augment_args(command: Command) -> Command {
        let views = PossibleValuesParser::new(VIEWS.map(|(name, _)| name)).map(|_| Format::Text);
        let help = "The view to render";
        command.arg(Arg::new(NAME).long(NAME).value_name("VIEW").required(true).value_parser(views).help(help))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
