import { createApp, h, ref } from 'vue';
import { useContactBridge } from '@contact-bridge/web/vue';

const Page = {
  setup() {
    const token = ref(sessionStorage.getItem('token') ?? '');
    const state = useContactBridge({ api: 'http://localhost:3000', token: () => token.value }, token);

    // It must be the same after a reload of the page: the chat is then opened by that.
    function signIn(next) {
      sessionStorage.setItem('token', next);
      token.value = next;
    }
    return () => [
      h('h1', 'Vue'),
      h('button', { onClick: () => signIn(prompt('Token') ?? '') }, 'Sign in'),
      h('button', { onClick: () => signIn('') }, 'Sign out'),
      h('p', `Chat: ${state.value ?? ''}`),
    ];
  },
};

createApp(Page).mount('#root');
