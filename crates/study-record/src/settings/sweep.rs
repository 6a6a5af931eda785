//! Sweeps: study files with lists of values for some settings.

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use serde::Deserialize as _;
use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue, Deserializer},
};

use super::{
    Study,
    settings_macro::{Section as _, Setting, SettingError},
    study_file::{SWEEP_TABLE, file_error, read_error},
};
use crate::settings::values::{EMPTY_LIST, as_text};

/// The most tasks of a sweep.
const MOST_TASKS: usize = 100_000;
/// The key of `[sweep]` that pairs the values of all lists instead of crossing them.
const ZIP: &str = "zip";

/// The content of a study file.
#[derive(Clone, Debug, PartialEq)]
pub enum StudyFile {
    /// One study.
    Study(Box<Study>),
    /// Several studies, which differ in some settings.
    Sweep(Box<Sweep>),
}

impl StudyFile {
    /// Reads a study file's text. `file` is what an error calls it.
    ///
    /// ```
    /// use study_record::{LesionKind, StudyFile};
    ///
    /// let text = "seed = 7\n[sweep]\nlesion.kind = [\"zero\", \"mean\"]\nlesion.layer = [3, 4, 5]\n";
    /// let StudyFile::Sweep(sweep) = StudyFile::parse("my.toml", text)? else { panic!() };
    /// assert_eq!(sweep.count(), 6);
    /// let task = sweep.task(5).unwrap(); // the last list varies first
    /// assert_eq!((task.study.lesion.kind, task.study.lesion.layer), (LesionKind::Mean, Some(4)));
    /// assert_eq!((task.study.seed, sweep.folder(5)), (7, "task-5".to_owned()));
    /// # Ok::<(), study_record::SettingError>(())
    /// ```
    ///
    /// # Errors
    /// If a key does not exist, a value is not one of its setting, or the lists do not make a sweep, with
    /// line and column.
    pub fn parse(file: &str, text: &str) -> Result<Self, SettingError> {
        let Ok(table) = DeTable::parse(text) else {
            return Study::parse(file, text).map(|study| Self::Study(Box::new(study)));
        };
        let span = table.span();
        let mut base = table.into_inner();
        let Some((key, sweep)) = base.remove_entry(SWEEP_TABLE) else {
            return Study::parse(file, text).map(|study| Self::Study(Box::new(study)));
        };
        let reader = Reader { file, text, base, span };
        reader.read(&key.span(), &sweep).map(|sweep| Self::Sweep(Box::new(sweep)))
    }
}

/// Studies that differ in some settings: one for each combination of the values that are listed, or one
/// for each place of lists of the same length.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    base: Study,
    axes: Vec<SweepAxis>,
    is_zipped: bool,
}

/// A setting with a list of values.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepAxis {
    /// The setting's full name: `lesion.kind`.
    pub key: String,
    values: Vec<SweepValue>,
}

/// A value of a setting.
#[derive(Clone, Debug, PartialEq)]
struct SweepValue {
    text: String,
    /// The file's study with this value.
    study: Study,
}

/// One study of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepTask {
    /// Its number, from 1.
    pub number: usize,
    /// Its settings.
    pub study: Study,
    /// The texts of its values of the settings that differ, in their order.
    pub values: Vec<String>,
}

impl SweepAxis {
    /// The texts of the values, as an option writes them.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|value| value.text.as_str())
    }
}

impl Sweep {
    /// The settings that differ, in the order of the file.
    #[must_use]
    pub fn axes(&self) -> &[SweepAxis] {
        &self.axes
    }

    /// True if the lists are paired instead of crossed.
    #[must_use]
    pub fn is_zipped(&self) -> bool {
        self.is_zipped
    }

    /// True if it lists values of this setting.
    #[must_use]
    pub fn varies(&self, key: &str) -> bool {
        self.axes.iter().any(|axis| axis.key == key)
    }

    /// Number of tasks.
    #[must_use]
    pub fn count(&self) -> usize {
        if self.is_zipped {
            return self.axes.first().map_or(0, |axis| axis.values.len());
        }
        self.axes.iter().map(|axis| axis.values.len()).product()
    }

    /// A task by its number, from 1; none if there is no such task.
    #[must_use]
    pub fn task(&self, number: usize) -> Option<SweepTask> {
        let index = number.checked_sub(1)?;
        if index >= self.count() {
            return None;
        }
        let mut study = self.base.clone();
        let mut values = Vec::with_capacity(self.axes.len());
        for (axis, place) in self.axes.iter().zip(self.places(index)) {
            let value = &axis.values[place];
            study.copy(&axis.key, &value.study);
            values.push(value.text.clone());
        }
        Some(SweepTask { number, study, values })
    }

    /// All tasks, in order.
    pub fn tasks(&self) -> impl Iterator<Item = SweepTask> {
        (1..=self.count()).filter_map(|number| self.task(number))
    }

    /// The name of a task's folder. Numbers have as many digits as that of the last task.
    #[must_use]
    pub fn folder(&self, number: usize) -> String {
        let width = self.count().to_string().len();
        format!("task-{number:0width$}")
    }

    /// The place of a task's value in each list. The last list varies first.
    fn places(&self, index: usize) -> Vec<usize> {
        if self.is_zipped {
            return vec![index; self.axes.len()];
        }
        let mut places = vec![0; self.axes.len()];
        let mut rest = index;
        for (place, axis) in places.iter_mut().zip(&self.axes).rev() {
            *place = rest % axis.values.len();
            rest /= axis.values.len();
        }
        places
    }
}

/// A problem in a place of the file.
struct Fault {
    span: Range<usize>,
    problem: String,
}

impl Fault {
    fn new(span: Range<usize>, problem: impl Into<String>) -> Self {
        Self { span, problem: problem.into() }
    }
}

/// A list of `[sweep]`.
struct List<'t> {
    key: String,
    span: Range<usize>,
    values: &'t DeArray<'t>,
}

/// The reader of a file with `[sweep]`.
struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    /// The file without `[sweep]`.
    base: DeTable<'t>,
    span: Range<usize>,
}

impl<'t> Reader<'t> {
    fn read(
        &self,
        span: &Range<usize>,
        sweep: &Spanned<DeValue<'t>>,
    ) -> Result<Sweep, SettingError> {
        let base = self.read_study(self.base.clone())?;
        let (lists, is_zipped) = self
            .find_lists(span, sweep)
            .map_err(|fault| file_error(self.file, self.text, fault.span, &fault.problem))?;
        let mut axes = Vec::with_capacity(lists.len());
        for list in &lists {
            axes.push(self.read_axis(list)?);
        }
        let sweep = Sweep { base, axes, is_zipped };
        match sweep.find_twice() {
            Some((axis, problem)) => {
                Err(file_error(self.file, self.text, lists[axis].span.clone(), &problem))
            }
            None => Ok(sweep),
        }
    }

    /// The lists in the order of the file, and whether they are paired.
    fn find_lists<'l>(
        &self,
        span: &Range<usize>,
        sweep: &'l Spanned<DeValue<'t>>,
    ) -> Result<(Vec<List<'l>>, bool), Fault>
    where
        't: 'l,
    {
        let DeValue::Table(table) = sweep.get_ref() else {
            return Err(Fault::new(sweep.span(), "`sweep` is a table of lists: `[sweep]`"));
        };
        let settings = Study::settings();
        let mut is_zipped = false;
        let mut lists = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match value.get_ref() {
                DeValue::Boolean(zip) if name == ZIP => is_zipped = *zip,
                _ if name == ZIP => {
                    return Err(Fault::new(value.span(), "`zip` is `true` or `false`"));
                }
                DeValue::Table(section) if settings.iter().any(|known| known.section == name) => {
                    for (key, value) in section {
                        let full = format!("{name}.{}", key.get_ref());
                        lists.push(find_list(&settings, full, key.span(), value)?);
                    }
                }
                _ => lists.push(find_list(&settings, name.to_owned(), key.span(), value)?),
            }
        }
        lists.sort_by_key(|list| list.span.start);
        self.check_lists(&lists)?;
        if lists.is_empty() {
            let example = "`[sweep]` has no list; add one, such as `\"lesion.layer\" = [3, 4]`";
            return Err(Fault::new(span.clone(), example));
        }
        check_count(&lists, is_zipped)?;
        Ok((lists, is_zipped))
    }

    /// Checks that each setting is set in one place.
    fn check_lists(&self, lists: &[List<'_>]) -> Result<(), Fault> {
        let mut keys = BTreeSet::new();
        for list in lists {
            let key = &list.key;
            if !keys.insert(key) {
                let problem = format!("`{key}` is listed twice in `[sweep]`");
                return Err(Fault::new(list.span.clone(), problem));
            }
            if self.sets(key) {
                let problem =
                    format!("`{key}` is set in the study and listed in `[sweep]`; remove one");
                return Err(Fault::new(list.span.clone(), problem));
            }
        }
        Ok(())
    }

    /// True if the file sets a setting outside of `[sweep]`.
    fn sets(&self, key: &str) -> bool {
        let Some((section, name)) = key.rsplit_once('.') else {
            return self.base.contains_key(key);
        };
        let section = self.base.get(section).map(Spanned::get_ref);
        section.and_then(DeValue::as_table).is_some_and(|table| table.contains_key(name))
    }

    fn read_axis(&self, list: &List<'_>) -> Result<SweepAxis, SettingError> {
        let mut values = Vec::with_capacity(list.values.len());
        for value in list.values {
            let study = self.read_study(self.with_value(list, value))?;
            values.push(SweepValue { text: value_text(&study, &list.key), study });
        }
        Ok(SweepAxis { key: list.key.clone(), values })
    }

    /// The file without `[sweep]`, with a value in its place.
    fn with_value<'v>(&self, list: &List<'v>, value: &Spanned<DeValue<'v>>) -> DeTable<'v>
    where
        't: 'v,
    {
        let mut table: DeTable<'v> = self.base.clone();
        let key = |name: &str| Spanned::new(list.span.clone(), Cow::Owned(name.to_owned()));
        let Some((section, name)) = list.key.rsplit_once('.') else {
            table.insert(key(&list.key), value.clone());
            return table;
        };
        if let Some(DeValue::Table(inner)) = table.get_mut(section).map(Spanned::get_mut) {
            inner.insert(key(name), value.clone());
            return table;
        }
        let mut inner = DeTable::new();
        inner.insert(key(name), value.clone());
        table.insert(key(section), Spanned::new(value.span(), DeValue::Table(inner)));
        table
    }

    /// Reads a study as a file of one study is read.
    fn read_study(&self, table: DeTable<'_>) -> Result<Study, SettingError> {
        let reader = Deserializer::from(Spanned::new(self.span.clone(), table));
        Study::deserialize(reader).map_err(|error| read_error(self.file, self.text, &error))
    }
}

/// The list of a setting.
fn find_list<'l>(
    settings: &[Setting],
    key: String,
    span: Range<usize>,
    value: &'l Spanned<DeValue<'l>>,
) -> Result<List<'l>, Fault> {
    if settings.iter().all(|setting| setting.key() != key) {
        return Err(Fault::new(span, format!("unknown setting `{key}` in `[sweep]`")));
    }
    match value.get_ref() {
        DeValue::Array(values) if values.is_empty() => {
            Err(Fault::new(value.span(), format!("`{key}` has no value in `[sweep]`")))
        }
        DeValue::Array(values) => Ok(List { key, span, values }),
        _ => {
            let problem = format!("`{key}` needs a list of values in brackets in `[sweep]`");
            Err(Fault::new(value.span(), problem))
        }
    }
}

/// Checks the number of tasks.
fn check_count(lists: &[List<'_>], is_zipped: bool) -> Result<(), Fault> {
    let first = lists.first().map_or(0, |list| list.values.len());
    let mut count = 1_usize;
    for list in lists {
        let length = list.values.len();
        if is_zipped && length != first {
            let problem = format!(
                "with `zip = true`, all lists have the same length: `{}` has {first} values and `{}` \
                 has {length}",
                lists[0].key, list.key
            );
            return Err(Fault::new(list.span.clone(), problem));
        }
        count = if is_zipped { first } else { count.saturating_mul(length) };
        if count > MOST_TASKS {
            let problem = format!("more than {MOST_TASKS} tasks; split the sweep");
            return Err(Fault::new(list.span.clone(), problem));
        }
    }
    Ok(())
}

impl Sweep {
    /// A list in which two tasks are the same, and the problem; none if all tasks differ.
    fn find_twice(&self) -> Option<(usize, String)> {
        if self.is_zipped {
            let mut seen = BTreeSet::new();
            for place in 0..self.count() {
                let texts: Vec<&str> =
                    self.axes.iter().map(|axis| axis.values[place].text.as_str()).collect();
                let values = texts.join(", ");
                if !seen.insert(texts) {
                    return Some((0, format!("the lists have `{values}` twice")));
                }
            }
            return None;
        }
        for (place, axis) in self.axes.iter().enumerate() {
            let mut seen = BTreeSet::new();
            for text in axis.texts() {
                if !seen.insert(text) {
                    return Some((place, format!("`{}` has the value `{text}` twice", axis.key)));
                }
            }
        }
        None
    }
}

/// The text of a study's setting, as an option writes it.
fn value_text(study: &Study, key: &str) -> String {
    let Ok(values) = toml::Value::try_from(study) else { return String::new() };
    let mut value = Some(&values);
    for name in key.split('.') {
        value = value.and_then(|value| value.get(name));
    }
    value.map_or_else(String::new, option_text)
}

fn option_text(value: &toml::Value) -> String {
    let toml::Value::Array(list) = value else { return as_text(value.clone()) };
    if list.is_empty() {
        return EMPTY_LIST.to_owned();
    }
    let texts: Vec<String> = list.iter().map(option_text).collect();
    // Groups of layers have commas of their own.
    let separator = if texts.iter().any(|text| text.contains(',')) { ";" } else { "," };
    texts.join(separator)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{LesionKind, Part, SetRule};

    fn sweep(text: &str) -> Sweep {
        match StudyFile::parse("s.toml", text).unwrap() {
            StudyFile::Sweep(sweep) => *sweep,
            StudyFile::Study(_) => panic!("one study"),
        }
    }

    #[test]
    fn a_file_without_lists_is_one_study() {
        let text = "seed = 3\n";
        let study = Study::parse("s.toml", text).unwrap();
        assert_eq!(StudyFile::parse("s.toml", text), Ok(StudyFile::Study(Box::new(study))));
        let error = StudyFile::parse("s.toml", "seed = \n").unwrap_err();
        assert_eq!(Err(error), Study::parse("s.toml", "seed = \n"));
    }

    #[test]
    fn lists_are_crossed_in_the_order_of_the_file() {
        let sweep = sweep(
            "[lesion]\nstrength = \"difference\"\n[sweep]\nseed = [1, 2]\n\
             \"lesion.sets\" = [{ top = 5 }, \"share=0.1\"]\nparts = [[\"controls\"], [\"dose\", \"joint\"], []]\n",
        );
        let keys: Vec<&str> = sweep.axes().iter().map(|axis| axis.key.as_str()).collect();
        assert_eq!(keys, ["seed", "lesion.sets", "parts"]);
        let texts: Vec<Vec<String>> = sweep.tasks().map(|task| task.values).collect();
        assert_eq!(texts.len(), 12);
        assert_eq!(texts[1], ["1", "top=5", "dose,joint"]);
        assert_eq!(texts[11], ["2", "share=0.1", "none"]);
        let study = sweep.task(9).unwrap().study;
        assert_eq!((study.seed, study.lesion.sets), (2, SetRule::Top(5)));
        assert_eq!(study.parts, Some(vec![]));
        assert_eq!(study.lesion.strength.name(), "difference");
        assert_eq!(sweep.task(8).unwrap().study.parts, Some(vec![Part::Dose, Part::Joint]));
        assert_eq!(
            (sweep.folder(1), sweep.task(0), sweep.task(13)),
            ("task-01".into(), None, None)
        );
    }

    #[test]
    fn lists_of_one_length_can_be_paired_and_keys_nested() {
        let sweep = sweep(
            "[sweep]\nzip = true\n[sweep.lesion]\nkind = [\"zero\", \"zero\"]\nlayer = [3, 4]\n",
        );
        assert_eq!(sweep.count(), 2);
        let study = sweep.task(2).unwrap().study;
        assert_eq!((study.lesion.kind, study.lesion.layer), (LesionKind::Zero, Some(4)));
    }

    #[test]
    fn mistakes_name_line_and_column() {
        for (text, expected) in [
            ("[sweep]\nsede = [1]\n", "2:1: unknown setting `sede` in `[sweep]`"),
            ("[sweep]\nlesion.kinds = [1]\n", "2:8: unknown setting `lesion.kinds`"),
            ("[sweep]\nseed = [1, -1]\n", "2:12: integer `-1`, expected a non-negative integer"),
            ("[sweep]\n\"lesion.kind\" = [\"zero\",\n  \"halve\"]\n", "3:3: `halve` is not a kind"),
            ("[sweep]\nseed = 1\n", "2:8: `seed` needs a list of values in brackets"),
            ("[sweep]\nseed = []\n", "2:8: `seed` has no value"),
            ("[sweep]\n", "1:2: `[sweep]` has no list"),
            ("sweep = 1\n", "1:9: `sweep` is a table of lists"),
            ("[sweep]\nzip = 1\nseed = [1]\n", "2:7: `zip` is `true` or `false`"),
            ("seed = 2\n[sweep]\nseed = [1]\n", "3:1: `seed` is set in the study and listed"),
            (
                "[lesion]\nlayer = 2\n[sweep]\nlesion.layer = [1]\n",
                "4:8: `lesion.layer` is set in the study and listed",
            ),
            (
                "[sweep]\n\"lesion.layer\" = [1]\nlesion.layer = [2]\n",
                "3:8: `lesion.layer` is listed twice",
            ),
            ("[sweep]\nseed = [1, 1]\n", "2:1: `seed` has the value `1` twice"),
            (
                "[sweep]\nzip = true\nseed = [1, 2]\nlesion.layer = [1]\n",
                "4:8: with `zip = true`, all lists have the same length: `seed` has 2 values",
            ),
            ("[sweep]\nzip = true\nseed = [1, 1]\n", "3:1: the lists have `1` twice"),
            ("sede = 1\n[sweep]\nseed = [1]\n", "1:1: unknown setting `sede`"),
        ] {
            let error = StudyFile::parse("s.toml", text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("s.toml:{expected}")), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        let seeds: Vec<String> = (0..400).map(|seed| seed.to_string()).collect();
        let many = format!("[sweep]\nseed = [{0}]\nuntrained = [{0}]\n", seeds.join(","));
        let error = StudyFile::parse("s.toml", &many).unwrap_err().to_string();
        assert!(error.starts_with("s.toml:3:1: more than 100000 tasks"), "{error}");
    }

    #[test]
    fn a_sweep_is_not_one_study() {
        let error = Study::parse("s.toml", "[sweep]\nseed = [1]\n").unwrap_err().to_string();
        assert!(error.starts_with("s.toml:1:2: a sweep of several studies"), "{error}");
    }

    proptest! {
        #[test]
        fn every_task_is_the_study_with_its_values_in_place(
            seeds in prop::collection::btree_set(0..1000_u64, 1..5),
            layers in prop::collection::btree_set(0..12_usize, 1..5),
            tops in prop::collection::btree_set(1..99_usize, 1..4),
        ) {
            let tables: Vec<String> = tops.iter().map(|top| format!("{{ top = {top} }}")).collect();
            let seeds: Vec<u64> = seeds.into_iter().collect();
            let layers: Vec<usize> = layers.into_iter().collect();
            let lists = format!(
                "seed = {seeds:?}\nlesion.layer = {layers:?}\n\"lesion.sets\" = [{}]\n",
                tables.join(", ")
            );
            let sweep = sweep(&format!("[controls]\nnulls = 9\n[sweep]\n{lists}"));
            let mut number = 0;
            for seed in &seeds {
                for layer in &layers {
                    for top in &tops {
                        number += 1;
                        let text = format!(
                            "seed = {seed}\n[controls]\nnulls = 9\n[lesion]\nlayer = {layer}\n\
                             sets = {{ top = {top} }}\n"
                        );
                        let task = sweep.task(number).unwrap();
                        prop_assert_eq!(task.study, Study::parse("s.toml", &text).unwrap());
                        prop_assert_eq!(
                            task.values,
                            vec![seed.to_string(), layer.to_string(), format!("top={top}")]
                        );
                    }
                }
            }
            prop_assert_eq!(sweep.count(), number);
        }
    }
}
