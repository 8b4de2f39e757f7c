//! The wizard on a terminal: theme, screens, widgets, input. `view(&Model, &mut Frame)` changes nothing.
