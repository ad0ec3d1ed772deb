import { onMounted, onUnmounted, shallowRef, toValue, watch, type MaybeRefOrGetter, type ShallowRef } from 'vue';
import { contactBridge, type ChatState, type StartOptions } from './index.ts';

/**
 * Has the chat open as whoever is signed in, for as long as the component is on the page. `person` is whatever is another one as soon as somebody
 * else is signed in, such as the user's id. Answers where the chat stands.
 */
export function useContactBridge(
  options: StartOptions,
  person?: MaybeRefOrGetter<unknown>,
): Readonly<ShallowRef<ChatState | undefined>> {
  const state = shallowRef<ChatState>();
  const onState: StartOptions['onState'] = (reached, detail) => {
    state.value = reached;
    options.onState?.(reached, detail);
  };
  onMounted(() => void contactBridge.start({ ...options, onState }));
  watch(
    () => toValue(person),
    () => void contactBridge.personChanged(),
  );
  onUnmounted(() => void contactBridge.shutdown());
  return state;
}
