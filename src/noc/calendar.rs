//! A calendar of fixed length: what happens in a given cycle of the near future.

/// Events by cycle, as many cycles ahead as the longest delay.
#[derive(Debug, Clone)]
pub(super) struct Calendar<T> {
    days: Vec<Vec<T>>,
    mask: u64,
}

impl<T> Calendar<T> {
    /// A calendar for delays up to `longest`, with room for `most` events a cycle.
    pub(super) fn new(longest: u32, most: usize) -> Self {
        let length = (longest as usize + 1).next_power_of_two();
        Self { days: (0..length).map(|_| Vec::with_capacity(most)).collect(), mask: length as u64 - 1 }
    }
    /// Enters an event.
    #[inline]
    pub(super) fn enter(&mut self, cycle: u64, event: T) {
        self.days[(cycle & self.mask) as usize].push(event);
    }
    /// Takes the events of a cycle; [`Self::give_back`] returns the memory.
    #[inline]
    pub(super) fn take(&mut self, cycle: u64) -> Vec<T> {
        std::mem::take(&mut self.days[(cycle & self.mask) as usize])
    }
    /// Returns the memory of a day that is over.
    #[inline]
    pub(super) fn give_back(&mut self, cycle: u64, mut day: Vec<T>) {
        day.clear();
        self.days[(cycle & self.mask) as usize] = day;
    }
    /// Events that are to come, by day, from a cycle on.
    pub(super) fn days_from(&self, cycle: u64) -> impl Iterator<Item = &[T]> {
        (0..self.days.len() as u64).map(move |ahead| self.days[((cycle + ahead) & self.mask) as usize].as_slice())
    }
}
