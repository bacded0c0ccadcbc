/** Milliseconds since the epoch. Pure code is handed the time; shells hand in `Date.now`. */
export type Clock = () => number
