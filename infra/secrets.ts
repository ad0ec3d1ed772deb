import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { keptWithData } from './protection.ts';

/** 64 letters and digits are 381 bits: far more than the 256 that HMAC-SHA-256 can use. */
const signingSecretLength = 64;

/** The secrets of the bridge, each named by its ARN. */
export class Secrets extends Construct {
  /** MaiAgent's API key. It is created without a value: reading it fails until a person has set it once. */
  readonly apiKeyArn: string;
  /** Signs visitor tokens. Secrets Manager makes it up, so nobody has ever seen it. */
  readonly visitorSigningArn: string;
  /** What the user stores sign their changes with: `{"<source>": ["…", …]}`. It is created without a value. */
  readonly sourceSecretsArn: string;

  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id);
    this.apiKeyArn = this.add(
      'MaiAgentApiKey',
      stage,
      "MaiAgent's API key, plain text; set it after the first deployment",
      'MaiAgent documents no API by which a key could be replaced; a person sets it.',
    );
    this.visitorSigningArn = this.add(
      'VisitorSigningSecret',
      stage,
      'signs visitor tokens; a new value makes every visitor a new one',
      'A rotated key would turn every visitor into a stranger. It never leaves Secrets Manager and this one function.',
      { passwordLength: signingSecretLength, excludePunctuation: true },
    );
    this.sourceSecretsArn = this.add(
      'SourceSecrets',
      stage,
      'the secrets of the sources, {"<source>": ["<secret>", ...]}; set it before the first webhook',
      'Both sides must change: a person adds the new secret here and at the store.',
    );
  }

  /** By the L1 construct, because the L2 one puts a random text where nothing is asked for: that would look like a key. Answers the ARN. */
  private add(
    id: string,
    stage: Stage,
    description: string,
    whyNoRotation: string,
    generateSecretString?: CfnSecret.GenerateSecretStringProperty,
  ): string {
    const secret = new CfnSecret(this, id, {
      description: `contact-bridge ${stage.stage}: ${description}`,
      ...(generateSecretString && { generateSecretString }),
      ...(stage.encryptionKeyArn !== undefined && { kmsKeyId: stage.encryptionKeyArn }),
    });
    secret.applyRemovalPolicy(keptWithData(stage));
    Validations.of(secret).acknowledge({ id: 'AwsSolutions-SMG4', reason: whyNoRotation });
    return secret.ref;
  }
}
