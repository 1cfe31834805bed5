/** Rounds to cents. */
export const round = (amount: number): number => Math.round(amount * 100) / 100;

/** Adds amounts up, rounded to cents. */
export const sum = (amounts: number[]): number => round(amounts.reduce((a, b) => a + b, 0));
