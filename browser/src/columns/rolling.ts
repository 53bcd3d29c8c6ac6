/**
 * Room for values that roll, times their number: enough to come round without a new array. What of it is never
 * touched takes no memory of the machine.
 */
export const ROLLING = 2.25;
