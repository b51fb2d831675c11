type Callback<T> = (error: Error | null, answer?: T) => void;

/**
 * Calls the client library with a callback, and gives a promise of the answer. It makes promises itself only with what Node has from 22 on
 * (`Promise.withResolvers`); called so, it works in Node 20, too.
 */
export function answered<T = void>(call: (callback: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, answer) => {
      // Void where nothing is answered.
      if (error === null) resolve(answer as T);
      else reject(error);
    });
  });
}
