/** The turn inspector beside the phone. */

export async function beside() {}
