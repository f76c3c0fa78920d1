import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Operation, Schema, Specification } from './document.js';

/** What is wrong with a value, a line each, such as `/data/0/amount must be integer`. */
export type Problems = readonly string[];

const SCHEMAS = 'stripe';

/**
 * Holds values against Stripe's schemas: `required` is enforced, enums are unless Stripe marks them as open, and a
 * property that a schema does not know is a problem too, although Stripe's schemas forbid none.
 */
export class StripeValidator {
  private readonly ajv = new Ajv({ strict: false, allErrors: true, inlineRefs: false, discriminator: true });
  private readonly compiled = new Map<string, ValidateFunction>();

  constructor(private readonly specification: Specification) {
    this.ajv.addFormat('unix-time', { type: 'number', validate: (seconds) => seconds > 0 && seconds < 1e11 });
    this.ajv.addFormat('currency', /^[a-z]{3}$/);
    this.ajv.addFormat('decimal', /^-?\d+(\.\d+)?$/);
    const converted = Object.entries(specification.schemas).map(([name, schema]) => [name, this.convert(schema)]);
    this.ajv.addSchema({ $id: SCHEMAS, components: { schemas: Object.fromEntries(converted) } });
  }

  /** Holds a 200's body against the operation's own schema. @throws where the document has none. */
  answer({ name, response }: Operation, body: unknown): Problems {
    if (response === undefined) throw new Error(`${name} answers no JSON`);
    return this.check(name, response, body);
  }

  /** Holds an object against the schema of that name, such as `payment_intent`. @throws where there is none. */
  object(name: string, value: unknown): Problems {
    if (this.specification.schemas[name] === undefined) return [`no schema is called ${name}`];
    return this.check(`object ${name}`, { $ref: `#/components/schemas/${name}` }, value);
  }

  private check(key: string, schema: Schema, value: unknown): Problems {
    const known = this.compiled.get(key);
    const validate = known ?? this.ajv.compile(this.convert(schema));
    if (known === undefined) this.compiled.set(key, validate);
    return validate(value) ? [] : described(validate.errors ?? []);
  }

  /** OpenAPI 3.0 as Stripe writes it, in JSON Schema. */
  private convert(schema: Schema): object {
    const converted = this.convertPresent(schema);
    if (!schema.nullable) return converted;
    return { anyOf: [converted, { type: 'null' }] };
  }

  private convertPresent(schema: Schema): object {
    if (schema.$ref !== undefined) return { $ref: `${SCHEMAS}${schema.$ref}` };
    if (schema.anyOf !== undefined) return this.convertChoice(schema.anyOf);
    const { type, format, maxLength, pattern, required } = schema;
    const choices = schema['x-stripeBypassValidation'] ? undefined : schema.enum;
    return defined({
      type,
      format,
      maxLength,
      pattern,
      required,
      enum: choices,
      items: schema.items === undefined ? undefined : this.convert(schema.items),
      ...this.convertProperties(schema),
    });
  }

  private convertProperties({ properties = {}, additionalProperties }: Schema): object {
    const known = Object.entries(properties).map(([name, schema]) => [name, this.convert(schema)]);
    const others = typeof additionalProperties === 'object' ? this.convert(additionalProperties) : additionalProperties;
    return {
      properties: known.length === 0 ? undefined : Object.fromEntries(known),
      // An object of which the document says nothing, such as an event's, may hold anything.
      additionalProperties: others ?? (known.length === 0 ? undefined : false),
    };
  }

  /**
   * Objects that say what they are by their `object` are told apart by it, so that what is wrong with one is not
   * reported as what keeps it from being another.
   */
  private convertChoice(choices: readonly Schema[]): object {
    const isTagged = (choice: Schema) => {
      const tag = this.named(choice)?.properties?.['object'];
      return tag?.enum?.length === 1 && !tag['x-stripeBypassValidation'];
    };
    const tagged = choices.filter(isTagged);
    const tags = new Set(tagged.map((choice) => this.named(choice)?.properties?.['object']?.enum?.[0]));
    if (tagged.length < 2 || tags.size < tagged.length) return { anyOf: choices.map((choice) => this.convert(choice)) };
    const byTag = {
      type: 'object',
      required: ['object'],
      discriminator: { propertyName: 'object' },
      oneOf: tagged.map((choice) => this.convert(choice)),
    };
    return { anyOf: [...choices.filter((choice) => !isTagged(choice)).map((choice) => this.convert(choice)), byTag] };
  }

  private named({ $ref }: Schema): Schema | undefined {
    return $ref === undefined ? undefined : this.specification.schemas[$ref.slice($ref.lastIndexOf('/') + 1)];
  }
}

function defined(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** Without the remarks on the choices that nobody can have meant: an object is not a null, nor an id. */
function described(errors: readonly ErrorObject[]): Problems {
  const ofChoices = new Set(
    errors.filter(({ keyword }) => keyword === 'anyOf').map(({ instancePath }) => instancePath),
  );
  const telling = errors.filter(
    ({ keyword, instancePath }) => keyword !== 'anyOf' && !(keyword === 'type' && ofChoices.has(instancePath)),
  );
  const lines = (telling.length > 0 ? telling : errors).map(({ instancePath, message, params }) => {
    const { additionalProperty, allowedValues } = params as { additionalProperty?: string; allowedValues?: string[] };
    if (additionalProperty !== undefined) return `${instancePath}/${additionalProperty} is unknown`;
    const values = allowedValues === undefined ? '' : ` (${allowedValues.join(', ').slice(0, 80)})`;
    return `${instancePath} ${message ?? ''}${values}`.trim();
  });
  return [...new Set(lines)];
}
