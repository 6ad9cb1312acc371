import { element } from './dom.js';

/**
 * The place of a form's result, which screen readers announce, and the listener of its `submit`. `run` resolves to the
 * elements of the result; `busy` is shown meanwhile.
 */
export function formResult(busy, run, fail) {
  const result = element('div', { role: 'status' });
  const submit = async (event) => {
    event.preventDefault();
    result.replaceChildren(busy);
    try {
      result.replaceChildren(...(await run()));
    } catch (error) {
      result.replaceChildren();
      fail(error);
    }
  };
  return { result, submit };
}
