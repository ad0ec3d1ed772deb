import { env } from 'node:process';

/**
 * Stands in for `@aws-sdk/credential-provider-node` inside the bundles. Lambda gives credentials in three variables and no
 * other way (AWS, "Lambda environment variables"), so the providers for profiles, SSO, processes, logins and instance
 * metadata would be 135 KB that no function ever runs. The SDK keeps these for the life of the process, as Lambda does: there is no
 * expiry to watch.
 */
export function defaultProvider() {
  return async () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = env;
    if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
      throw new Error('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set: outside Lambda, set them yourself');
    }
    return {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
    };
  };
}
