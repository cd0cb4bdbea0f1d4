//! Nothing is lost, wherever reading or writing fails; nothing is told for ever; nobody else may read it.

#[cfg(test)]
mod joined;
#[cfg(test)]
mod lakes;
#[cfg(test)]
mod single;
