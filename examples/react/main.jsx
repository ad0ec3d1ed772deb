import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { ContactBridge } from '@contact-bridge/web/react';

function Page() {
  const [token, setToken] = useState(() => sessionStorage.getItem('token') ?? '');
  const [chat, setChat] = useState('');

  // It must be the same after a reload of the page: the chat is then opened by that.
  function signIn(next) {
    sessionStorage.setItem('token', next);
    setToken(next);
  }
  return (
    <>
      <h1>React</h1>
      <button onClick={() => signIn(prompt('Token') ?? '')}>Sign in</button>
      <button onClick={() => signIn('')}>Sign out</button>
      <p>Chat: {chat}</p>
      <ContactBridge api="http://localhost:3000" token={() => token} person={token} onState={setChat} />
    </>
  );
}

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
