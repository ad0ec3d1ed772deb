import { useEffect, useRef } from 'react';
import { contactBridge, type StartOptions } from './index.ts';

export interface ContactBridgeProps extends StartOptions {
  /** Whatever is another one as soon as somebody else is signed in, such as the user's id. */
  readonly person?: string | undefined;
}

/** Has the chat open as whoever is signed in, for as long as it is on the page; it draws nothing itself. The functions may be new at each rendering. */
export function ContactBridge({ person, ...options }: ContactBridgeProps): null {
  const latest = useRef<StartOptions>(options);
  useEffect(() => void (latest.current = options));
  useEffect(() => {
    const { onPersonChanged, ...given } = latest.current;
    void contactBridge.start({
      ...given,
      token: () => latest.current.token?.(),
      onState: (state, detail) => latest.current.onState?.(state, detail),
      ...(onPersonChanged && { onPersonChanged: () => latest.current.onPersonChanged?.() }),
    });
    return () => void contactBridge.shutdown();
  }, [options.api, person]);
  return null;
}
