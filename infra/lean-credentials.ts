import { env } from 'node:process';

/**
 * Stands in for `@aws-sdk/credential-provider-node` inside the bundles. Lambda gives credentials in three variables and no
 * other way (AWS, "Lambda environment variables"), so the providers for profiles, SSO, processes, logins and instance
 * metadata would be 135 KB that no function ever runs. They stay for the life of the process: there is no expiry to watch. The SDK asks at
 * every request, and Node asks the system for each variable.
 */
export function defaultProvider() {
  let known: ReturnType<typeof credentials> | undefined;
  return async () => (known ??= credentials());
}

function credentials() {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
    throw new Error('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set: outside Lambda, set them yourself');
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
  };
}
