// The same resources once more, plain L2 in JavaScript: plain_l2.py without jsii. `node plain_l2.js PLAN`.
'use strict';

const fs = require('node:fs');
const cdk = require('aws-cdk-lib/core');
const dynamodb = require('aws-cdk-lib/aws-dynamodb');
const iam = require('aws-cdk-lib/aws-iam');
const kms = require('aws-cdk-lib/aws-kms');
const lambda = require('aws-cdk-lib/aws-lambda');
const sources = require('aws-cdk-lib/aws-lambda-event-sources');
const logs = require('aws-cdk-lib/aws-logs');
const route53 = require('aws-cdk-lib/aws-route53');
const s3 = require('aws-cdk-lib/aws-s3');
const ses = require('aws-cdk-lib/aws-ses');
const sesActions = require('aws-cdk-lib/aws-ses-actions');
const sns = require('aws-cdk-lib/aws-sns');
const subscriptions = require('aws-cdk-lib/aws-sns-subscriptions');
const sqs = require('aws-cdk-lib/aws-sqs');

const MAIL = 'mail/';

function zoneOf(scope, domain) {
  return route53.HostedZone.fromHostedZoneAttributes(scope, `Zone ${domain.name}`, {
    hostedZoneId: domain.zone,
    zoneName: domain.name,
  });
}

class SharedDnsStack extends cdk.Stack {
  constructor(scope, plan) {
    super(scope, 'Email-shared-dns', {
      env: { account: plan.account, region: plan.primary_region },
      tags: plan.tags,
    });
    for (const domain of plan.domains) {
      const zone = zoneOf(this, domain);
      for (const record of domain.shared_records) {
        const common = { zone, recordName: `${record.name}.`, ttl: cdk.Duration.seconds(record.ttl) };
        if (record.type === 'MX') {
          const values = record.values.map((value) => {
            const [priority, hostName] = value.split(' ');
            return { priority: Number(priority), hostName };
          });
          new route53.MxRecord(this, `${record.name} ${record.type}`, { ...common, values });
        } else {
          new route53.TxtRecord(this, `${record.name} ${record.type}`, { ...common, values: record.values });
        }
      }
    }
  }
}

class RegionalEmailStack extends cdk.Stack {
  constructor(scope, plan, region) {
    super(scope, `Email-${region.name}`, {
      env: { account: plan.account, region: region.name },
      tags: plan.tags,
    });
    this.key = new kms.Key(this, 'Key', {
      description: 'Encrypts received mail and SES notifications',
      enableKeyRotation: true,
      removalPolicy: cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    this.provider = this.pythonFunction('SesProvider', plan.provider, { handler: 'ses_provider.handler' });
    this.identities(plan);
    this.receiving(plan);
    this.outputs(region.endpoints);
  }

  outputs(values) {
    for (const [name, value] of Object.entries(values)) {
      new cdk.CfnOutput(this, name, { value });
    }
  }

  sesArn(resource) {
    return this.formatArn({ service: 'ses', resource });
  }

  allowSes(sid, actions, resource, source) {
    return new iam.PolicyStatement({
      sid,
      principals: [new iam.ServicePrincipal('ses.amazonaws.com')],
      actions,
      resources: [resource],
      conditions: {
        StringEquals: { 'aws:SourceAccount': this.account },
        ArnLike: { 'aws:SourceArn': source },
      },
    });
  }

  pythonFunction(id, code, more) {
    return new lambda.Function(this, id, {
      runtime: lambda.Runtime.PYTHON_3_13,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(code, { exclude: ['**/__pycache__', '**/__pycache__/**', '*.pyc'] }),
      memorySize: 512,
      timeout: cdk.Duration.seconds(60),
      logGroup: new logs.LogGroup(this, `${id}Logs`, {
        retention: logs.RetentionDays.ONE_MONTH,
        removalPolicy: cdk.RemovalPolicy.DESTROY,
      }),
      ...more,
    });
  }

  custom(id, resourceType, properties) {
    return new cdk.CustomResource(this, id, {
      serviceToken: this.provider.functionArn,
      serviceTimeout: cdk.Duration.minutes(5),
      resourceType,
      properties,
    });
  }

  identities(plan) {
    const arns = plan.domains.map((domain) => this.sesArn(`identity/${domain.name}`));
    const topic = new sns.Topic(this, 'Feedback', {
      topicName: plan.feedback_topic,
      masterKey: this.key,
      enforceSSL: true,
    });
    topic.addToResourcePolicy(this.allowSes('SesFeedback', ['sns:Publish'], topic.topicArn, arns));
    this.key.addToResourcePolicy(
      this.allowSes('SesFeedback', ['kms:Decrypt', 'kms:GenerateDataKey*'], '*', arns),
    );
    this.provider.addToRolePolicy(
      new iam.PolicyStatement({
        actions: [
          'ses:GetIdentityNotificationAttributes',
          'ses:SetIdentityFeedbackForwardingEnabled',
          'ses:SetIdentityHeadersInNotificationsEnabled',
          'ses:SetIdentityNotificationTopic',
        ],
        resources: ['*'],
      }),
    );
    for (const domain of plan.domains) {
      const identity = new ses.EmailIdentity(this, domain.name, {
        identity: ses.Identity.domain(domain.name),
        mailFromDomain: domain.mail_from,
        dkimIdentity: ses.DkimIdentity.easyDkim(ses.EasyDkimSigningKeyLength.RSA_2048_BIT),
      });
      const zone = zoneOf(this, domain);
      identity.dkimRecords.forEach((record, place) => {
        new route53.CnameRecord(this, `${domain.name} DKIM ${place + 1}`, {
          zone,
          recordName: `${record.name}.`,
          domainName: record.value,
          ttl: cdk.Duration.seconds(1800),
        });
      });
      const notifications = this.custom(
        `${domain.name} Notifications`,
        'Custom::SesIdentityNotificationTopics',
        {
          Identity: domain.name,
          BounceTopicArn: topic.topicArn,
          ComplaintTopicArn: topic.topicArn,
          IncludeHeaders: 'true',
          EmailForwarding: 'false',
        },
      );
      notifications.node.addDependency(identity, topic);
    }
    this.outputs({ FeedbackTopicArn: topic.topicArn, KeyArn: this.key.keyArn });
  }

  handled(plan) {
    if (this.region === plan.handled_region) {
      new dynamodb.Table(this, 'Handled', {
        tableName: plan.handled_table,
        partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING },
        billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
        timeToLiveAttribute: 'expires',
        removalPolicy: cdk.RemovalPolicy.DESTROY,
      });
    }
    return { TABLE: plan.handled_table, TABLE_REGION: plan.handled_region };
  }

  receiving(plan) {
    const arns = [this.sesArn(`receipt-rule-set/${plan.rule_set}:receipt-rule/*`)];
    const bucket = new s3.Bucket(this, 'Mail', {
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: this.key,
      bucketKeyEnabled: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      lifecycleRules: [
        {
          id: 'received-mail',
          prefix: MAIL,
          abortIncompleteMultipartUploadAfter: cdk.Duration.days(1),
        },
      ],
      removalPolicy: cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    this.key.addToResourcePolicy(
      this.allowSes('SesReceiving', ['kms:Decrypt', 'kms:GenerateDataKey*'], '*', arns),
    );
    const topic = new sns.Topic(this, 'Received', {
      topicName: plan.received_topic,
      masterKey: this.key,
      enforceSSL: true,
    });
    const stored = new sns.Topic(this, 'Stored', {
      topicName: plan.stored_topic,
      masterKey: this.key,
      enforceSSL: true,
    });
    stored.addToResourcePolicy(this.allowSes('SesReceiving', ['sns:Publish'], stored.topicArn, arns));
    const deadLetters = new sqs.Queue(this, 'DeadLetters', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      retentionPeriod: cdk.Duration.days(14),
      enforceSSL: true,
    });
    const queue = new sqs.Queue(this, 'Queue', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      retentionPeriod: cdk.Duration.days(14),
      visibilityTimeout: cdk.Duration.minutes(6),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 },
      enforceSSL: true,
    });
    stored.addSubscription(
      new subscriptions.SqsSubscription(queue, { rawMessageDelivery: true, deadLetterQueue: deadLetters }),
    );
    const fn = this.pythonFunction('Inbound', plan.inbound, {
      handler: 'inbound.handler',
      environment: {
        BUCKET: bucket.bucketName,
        PREFIX: MAIL,
        TOPIC_ARN: topic.topicArn,
        ...(plan.handled_region === null ? {} : this.handled(plan)),
      },
    });
    fn.addEventSource(new sources.SqsEventSource(queue, { batchSize: 10, reportBatchItemFailures: true }));
    bucket.grantRead(fn, `${MAIL}*`);
    topic.grantPublish(fn);
    if (plan.handled_region !== null) {
      const table = `arn:aws:dynamodb:${plan.handled_region}:${this.account}:table/${plan.handled_table}`;
      fn.addToRolePolicy(
        new iam.PolicyStatement({ actions: ['dynamodb:PutItem', 'dynamodb:DeleteItem'], resources: [table] }),
      );
    }
    const ruleSet = new ses.ReceiptRuleSet(this, 'RuleSet', { receiptRuleSetName: plan.rule_set });
    this.provider.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['ses:DescribeActiveReceiptRuleSet', 'ses:SetActiveReceiptRuleSet'],
        resources: ['*'],
      }),
    );
    const trial = 'AMAZON_SES_SETUP_NOTIFICATION';
    const rules = plan.domains.flatMap((domain) => domain.rules);
    const policy = new iam.Policy(this, 'SetupNotificationPolicy', {
      statements: [
        new iam.PolicyStatement({
          actions: ['s3:DeleteObject'],
          resources: [bucket.arnForObjects(`${MAIL}*${trial}`)],
        }),
      ],
      roles: [this.provider.role],
    });
    const setup = this.custom('SetupNotification', 'Custom::SesSetupNotification', {
      Bucket: bucket.bucketName,
      Keys: rules.map((rule) => `${MAIL}${rule.name}/${trial}`),
    });
    setup.node.addDependency(policy);
    ruleSet.node.addDependency(setup);
    const activation = this.custom('Activation', 'Custom::SesActiveReceiptRuleSet', {
      RuleSetName: plan.rule_set,
      TakeOver: 'false',
    });
    for (const rule of rules) {
      const added = ruleSet.addRule(rule.name, {
        receiptRuleName: rule.name,
        recipients: rule.recipients,
        scanEnabled: true,
        tlsPolicy: rule.require_tls ? ses.TlsPolicy.REQUIRE : ses.TlsPolicy.OPTIONAL,
        actions: [new sesActions.S3({ bucket, objectKeyPrefix: `${MAIL}${rule.name}/`, topic: stored })],
      });
      activation.node.addDependency(added);
    }
    this.outputs({
      RuleSetName: ruleSet.receiptRuleSetName,
      MailBucketName: bucket.bucketName,
      ReceivedTopicArn: topic.topicArn,
      MailQueueArn: queue.queueArn,
      DeadLetterQueueArn: deadLetters.queueArn,
    });
  }
}

const plan = JSON.parse(fs.readFileSync(process.argv[2], 'utf-8'));
const app = new cdk.App();
const shared = new SharedDnsStack(app, plan);
for (const region of plan.regions) {
  new RegionalEmailStack(app, plan, region).addStackDependency(shared);
}
app.synth();
