/**
 * The resources that hold what cannot be made again, by the ids under which deployments have them. Who changes one writes in
 * docs/upgrading.md how a deployment gets from the old one to the new one, and then changes this list.
 */
export const stateful: Readonly<Record<string, string>> = {
  LinksTableFD6FA5FC: 'AWS::DynamoDB::Table',
  BroadcastsTable589A236E: 'AWS::DynamoDB::Table',
  SecretsMaiAgentApiKeyB5A7F4D7: 'AWS::SecretsManager::Secret',
  SecretsVisitorSigningSecretF3A27F0D: 'AWS::SecretsManager::Secret',
  SecretsSourceSecrets51FB563A: 'AWS::SecretsManager::Secret',
  QuarantineBucket2B128B57: 'AWS::S3::Bucket',
  // Its address stands in every page that embeds the chat, and at every user store.
  HttpApiDD77E489: 'AWS::ApiGatewayV2::Api',
  syncSchedulesABA23629: 'AWS::Scheduler::ScheduleGroup',
  broadcastSchedules9C336FE1: 'AWS::Scheduler::ScheduleGroup',
  broadcastBroadcastsGroupBF2B8A56: 'AWS::Scheduler::ScheduleGroup',
};

/** The same, where a stage asks for it. */
export const sometimes: Readonly<Record<string, string>> = {
  scimSchedules2F7E18E8: 'AWS::Scheduler::ScheduleGroup',
  userchangedSchedules0D3B8B41: 'AWS::Scheduler::ScheduleGroup',
};
